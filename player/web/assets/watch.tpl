% include('head.tpl', title='%s · longtake' % now.title)
% include('top.tpl')
<main id="main" class="watch" tabindex="-1">
<section aria-label="{{_('What is shown now')}}" class="stage">
<figure>
% if picture is None:
<div class="blank">{{_('No picture yet')}}</div>
% else:
<a href="/api/{{look}}.png" id="whole"><img id="picture" src="/picture/now/{{look}}.png?{{picture.tag}}" data-tag="{{picture.tag}}" width="{{size[1]}}" height="{{size[0]}}" alt="{{_('The panel, as it is now') if look == 'panel' else _('The glass, as it is now')}}" data-alt-panel="{{_('The panel, as it is now')}}" data-alt-glass="{{_('The glass, as it is now')}}"></a>
% end
</figure>
% shown = [action for action in section('bar') if now.snapshot.reel is not None or (now.snapshot.paused and action.when != 'always')]
% if shown:
<div class="bar">
% for action in shown:
% include('action.tpl', action=action, paused=now.snapshot.paused)
% end
</div>
% end
</section>

<div class="beside">
<section aria-labelledby="title">
% include('now.tpl', now=now)
% if now.snapshot.reel is None:
<p><a class="button strong" href="/films"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon('send')}}"/></svg><span>{{_('Send a film')}}</span></a></p>
% end
<p class="look">{{_('Picture:')}}
<a href="/" id="look-panel"{{!' aria-current="true"' if look == 'panel' else ''}}>{{_('Panel')}}</a>
<a href="/?look=glass" id="look-glass"{{!' aria-current="true"' if look == 'glass' else ''}}>{{_('with its ghosts')}}</a>
<noscript><a href="/?look={{look}}">{{_('Refresh')}}</a></noscript></p>
</section>

% if reel is not None and not reel.problem:
<section id="seek" aria-labelledby="seek-title">
<h2 id="seek-title">{{_('Go to another place')}}</h2>
<form method="get" action="/#seek" class="scrub">
<img src="/picture/strip/{{reel.tag}}.png" alt="" width="720" height="70" loading="lazy">
<label for="at" class="hide">{{_('Place in the film')}}</label>
<input id="at" name="at" type="range" min="1" max="{{reel.frames}}" value="{{found.number + 1 if found else (snapshot.frame or 0) + 1}}" step="1">
<noscript><button>{{_('Look')}}</button></noscript>
</form>
<form method="get" action="/#seek" class="place">
<label for="place">{{_('Frame or time')}}</label>
<div class="row"><input id="place" name="place" required maxlength="20" autocomplete="off" inputmode="text" placeholder="{{_('1200 or 1:02:03')}}"><button>{{_('Look')}}</button></div>
</form>
% include('seek.tpl', found=found)
% if reel.chapters:
<details class="fold">
<summary>{{_('Chapters')}}</summary>
<ol class="chapters">
% for time_ms, title in reel.chapters:
<li><a href="/?place={{film_time(time_ms // 1000 * 1000)}}#seek" data-at="{{film_time(time_ms // 1000 * 1000)}}"><span>{{title or _('Chapter')}}</span> <small>{{film_time(time_ms // 1000 * 1000)}}</small></a></li>
% end
</ol>
</details>
% end
</section>
% end
</div>
</main>
</body>
</html>
