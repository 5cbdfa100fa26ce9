% include('head.tpl', title='%s · longtake' % problem.title)
</head>
<body>
<main class="narrow">
<p class="mark">longtake</p>
<h1>{{problem.title}}</h1>
<p role="alert" class="problem">{{problem.detail[:1].upper() + problem.detail[1:]}}.</p>
<p><a href="{{'/login' if problem.status == 401 else '/'}}">Back</a></p>
</main>
</body>
</html>
