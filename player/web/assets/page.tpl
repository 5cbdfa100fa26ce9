% include('head.tpl', title='%s · longtake' % now.title)
<script src="/web/remote.js" defer></script>
<script src="/web/upload.js" defer></script>
</head>
<body>
<a class="skip" href="#controls">To the controls</a>
<header>
<p class="mark">longtake</p>
<p id="problem" class="problem" role="alert" hidden></p>
% if said:
<p class="said" role="status">{{said}}</p>
% end
</header>
<main>
<section aria-label="What is shown now">
<figure>
% if picture is None:
<div class="blank">No picture yet</div>
% else:
<a href="/api/{{look}}.png" id="whole"><img id="picture" src="/api/{{look}}.png?{{picture.tag}}" width="{{size[1]}}" height="{{size[0]}}" alt="The {{look}}, as it is now"></a>
% end
<figcaption>
<a href="/" id="look-panel"{{!' aria-current="true"' if look == 'panel' else ''}}>Panel</a>
<a href="/?look=glass" id="look-glass"{{!' aria-current="true"' if look == 'glass' else ''}}>Glass with ghosts</a>
<noscript><a href="/?look={{look}}">Refresh</a></noscript>
</figcaption>
</figure>
% include('now.tpl', now=now)
</section>

<section id="controls" aria-labelledby="controls-title" tabindex="-1">
<h2 id="controls-title">Controls</h2>
<div class="row">
% for action in section('bar'):
% include('action.tpl', action=action, now=now)
% end
</div>
% for action in section('controls'):
% include('action.tpl', action=action, now=now)
% end
</section>

<section aria-labelledby="reels-title">
<h2 id="reels-title">Reels</h2>
% if reels:
<ul class="reels">
% for number, reel in enumerate(reels):
<li{{!' aria-current="true"' if reel.path == shown else ''}}>
<div><strong id="reel-{{number}}">{{reel.title}}</strong>
% if reel.problem:
<small class="warn">{{reel.problem}}</small>
% else:
<small>{{reel.path.rpartition('/')[2]}} · {{'{:,}'.format(reel.frames)}} frames{{'' if reel.duration_ms is None else ' · ' + film_time(reel.duration_ms)}} · {{'{:,.1f}'.format(reel.bytes / 1e6)}} MB</small>
% end
</div>
% if reel.path == shown:
<span class="badge">shown</span>
% elif not reel.problem:
% for action in section('reels'):
<form method="post" action="/do/{{action.name}}" data-stay="reload"><input type="hidden" name="reel" value="{{reel.path}}"><button aria-describedby="reel-{{number}}">{{action.label}}</button></form>
% end
% end
</li>
% end
</ul>
% else:
<p>None yet.</p>
% end
% if uploads.films is not None:
<form method="post" action="/do/upload" enctype="multipart/form-data" id="upload" class="line">
<label for="file">Send a reel to the player</label>
<input id="file" name="file" type="file" accept=".reel" required aria-describedby="upload-hint">
<p class="hint" id="upload-hint">Up to {{'{:,.0f}'.format(uploads.limit / 1e6)}} MB. It can be shown as soon as it has arrived and been checked.
<noscript>Without JavaScript only up to {{'{:,.1f}'.format(piece / 1e6)}} MB: copy larger reels into the films directory with scp.</noscript></p>
<div class="row"><button>Send</button><button type="button" id="cancel" hidden>Cancel</button></div>
<progress id="sent" max="100" value="0" hidden aria-label="Sent"></progress>
<p id="sending" role="status"></p>
</form>
% else:
<p class="hint">To send reels from here, set <code>films</code> to a directory in the player's configuration.</p>
% end
</section>

% if settings:
% change, = section('settings')
<section aria-labelledby="settings-title">
<h2 id="settings-title">Settings</h2>
<form method="post" action="/do/{{change.name}}" class="settings">
% for key in settings:
% name, pinned, value = key['key'], key['pinned'], text_of(key['value'])
<div>
<label for="set-{{name}}">{{name.replace('_', ' ').capitalize()}}{{', ' + key['unit'] if key['unit'] else ''}}</label>
% off = ' disabled' if pinned else ''
% if key['choices'] or key['kind'] == 'switch':
<select id="set-{{name}}" name="{{name}}" aria-describedby="help-{{name}}"{{off}}>
% for choice in key['choices'] or ['true', 'false']:
<option value="{{choice}}"{{' selected' if str(choice) == value else ''}}>{{{'true': 'yes', 'false': 'no'}.get(choice, choice)}}</option>
% end
</select>
% elif key['kind'] == 'text':
<input id="set-{{name}}" name="{{name}}" value="{{value}}" maxlength="200" autocomplete="off" aria-describedby="help-{{name}}"{{off}}>
% else:
<input id="set-{{name}}" name="{{name}}" value="{{value}}" type="number" required min="{{'%.12g' % key['low']}}" max="{{'%.12g' % key['high']}}" step="{{'1' if key['kind'] == 'integer' else 'any'}}" inputmode="decimal" aria-describedby="help-{{name}}"{{off}}>
% end
<p class="hint" id="help-{{name}}">{{key['help'][0].upper() + key['help'][1:]}}{{' (' + key['range'] + ')' if key['range'] and not key['choices'] and key['kind'] != 'switch' else ''}}.
% if pinned:
<span class="warn">{{pinned[0].upper() + pinned[1:]}}.</span>
% end
</p>
</div>
% end
<button{{!' class="strong"' if change.strong else ''}}>{{change.label}}</button>
</form>
</section>
% end

<section aria-labelledby="more-title">
<h2 id="more-title">More</h2>
% for action in section('more'):
% include('action.tpl', action=action, now=now)
% end
<details>
<summary>Log</summary>
% if lines:
<pre id="log" tabindex="0" role="region" aria-label="Last lines of the log">{{'\n'.join(lines)}}</pre>
% else:
<p>Nothing yet.</p>
% end
</details>
% if signed_in:
<form method="post" action="/logout" class="line"><button>Sign out</button></form>
% end
</section>
</main>
</body>
</html>
