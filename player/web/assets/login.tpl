% include('head.tpl', title='Sign in · longtake')
<script src="/web/login.js" defer></script>
</head>
<body>
<main class="narrow">
<p class="mark">longtake</p>
% if asks:
<h1>Sign in</h1>
<form method="post" action="/login" id="login">
<input name="username" value="longtake" autocomplete="username" hidden>
<label for="token">Token</label>
<input id="token" name="token" type="password" required autocomplete="current-password" autocapitalize="none" autocorrect="off" spellcheck="false" maxlength="300" aria-describedby="hint">
<button class="strong">Sign in</button>
</form>
<p id="hint" class="hint">It is in the file <code>remote-token</code> beside the player's progress, on the Pi. Or scan the QR code: on a phone that is signed in, press “Show address”, and the panel shows it.</p>
% else:
<h1>No token needed</h1>
<p><a href="/">To the player</a></p>
% end
</main>
</body>
</html>
