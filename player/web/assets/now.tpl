<div id="now" data-paused="{{'true' if now.snapshot.paused else 'false'}}" data-handled="{{now.snapshot.handled}}" data-busy="{{'true' if now.snapshot.busy else 'false'}}" data-refused="{{now.refused}}" data-frame="{{(now.snapshot.frame or 0) + 1}}" data-reel="{{now.snapshot.reel or ''}}">
<h1 id="title">{{now.title}}</h1>
<p id="state" role="status"><strong>{{now.state}}</strong>{{' · ' + now.where if now.where else ''}}</p>
% if now.share is not None:
<progress id="share" max="100" value="{{'%.3f' % now.share}}" aria-label="{{_('Progress through the film')}}">{{'%.1f' % now.share}} %</progress>
% end
<dl id="facts">
% for what, much in now.facts:
<div><dt>{{what}}</dt><dd>{{much}}</dd></div>
% end
</dl>
<div id="undo">
% if now.undo:
% undo = next(action for action in section('undo'))
<form method="post" action="/do/undo" data-stay="" data-doing="{{_(undo.doing)}}" data-done="{{_(undo.done)}}"><button><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon('undo')}}"/></svg><span>{{_('Undo the jump: back to {}', now.undo)}}</span></button></form>
% end
</div>
</div>
