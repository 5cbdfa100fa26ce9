% include('head.tpl', title=_('Sign in') + ' · longtake')
<script src="{{asset('login.js')}}" defer></script>
</head>
<body>
<main class="narrow">
<p class="mark">longtake</p>
% if asks:
<h1>{{_('Sign in')}}</h1>
<form method="post" action="/login" id="login">
<input name="username" value="longtake" autocomplete="username" hidden>
<label for="token">{{_('Token')}}</label>
<input id="token" name="token" type="password" required autocomplete="current-password" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="300" aria-describedby="hint">
<button class="strong">{{_('Sign in')}}</button>
</form>
<p id="hint" class="hint">{{_('Easiest: scan the code that the panel shows. A phone that is signed in brings it up: Settings, “Show the code”. The token is also in the file {} on the player.', 'remote-token')}}</p>
% else:
<h1>{{_('No token needed')}}</h1>
<p><a href="/">{{_('To the player')}}</a></p>
% end
</main>
</body>
</html>
