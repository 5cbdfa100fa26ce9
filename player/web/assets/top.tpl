<script src="{{asset('remote.js')}}" defer></script>
</head>
<body data-lost="{{_('The player does not answer. Trying again…')}}" data-busy="{{_('The panel is still at it.')}}">
<a class="skip" href="#main">{{_('To the content')}}</a>
<header>
<p class="mark">longtake</p>
<nav aria-label="{{_('Pages')}}">
% for address, name, label in (('/', 'now', _('Now')), ('/films', 'films', _('Films')), ('/settings', 'settings', _('Settings'))):
<a href="{{address}}"{{!' aria-current="page"' if address == here else ''}}><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon(name)}}"/></svg><span>{{label}}</span></a>
% end
</nav>
</header>
<div id="toasts" role="status" aria-live="polite">
% if said[0]:
<p class="{{'wrong' if said[1] else 'good'}}">{{said[0]}}</p>
% end
</div>
<p id="problem" class="problem" role="alert" hidden></p>
