<div id="now" data-paused="{{'true' if now.paused else 'false'}}">
<h1 id="title">{{now.title}}</h1>
<p id="state" role="status">{{now.state}}</p>
% if now.share is not None:
<progress id="share" max="100" value="{{'%.3f' % now.share}}" aria-label="Progress through the film">{{'%.1f' % now.share}} %</progress>
% end
<dl id="facts">
% for what, much in now.facts:
<div><dt>{{what}}</dt><dd>{{much}}</dd></div>
% end
</dl>
</div>
