% title = _(problem.title)
% detail = _(problem.detail)
% include('head.tpl', title='%s · longtake' % title)
</head>
<body>
<main class="narrow">
<p class="mark">longtake</p>
<h1>{{title}}</h1>
<p role="alert" class="problem">{{sentence(detail)}}</p>
<p><a class="button" href="{{'/login' if problem.status == 401 else '/'}}">{{_('Sign in') if problem.status == 401 else _('To the player')}}</a></p>
</main>
</body>
</html>
