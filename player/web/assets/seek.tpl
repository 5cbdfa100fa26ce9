<div id="found">
% if found is not None and found.problem:
<p class="wrong" role="alert">{{sentence(found.problem)}}</p>
% elif found is not None:
<figure>
<img id="preview" src="/picture/frame/{{found.tag}}/{{found.number}}.png" alt="{{_('This place of the film')}}" width="724" height="536">
<figcaption>{{found.where}}{{' · ' + found.when if found.when else ''}}</figcaption>
</figure>
% for action in section('seek'):
<form method="post" action="/do/{{action.name}}" data-stay="seek" data-doing="{{_(action.doing)}}" data-done="{{_(action.done)}}" class="do"><input type="hidden" name="place" value="{{found.number + 1}}"><button class="strong"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon(action.icon)}}"/></svg><span>{{_(action.label)}}</span></button><a href="/#seek" class="button" data-close>{{_('Close')}}</a></form>
% end
% if found.shots:
<h3>{{_('Shots around it')}}</h3>
<ul class="shots">
% for number, time in found.shots:
<li><a href="/?at={{number + 1}}#seek" data-at="{{number + 1}}"{{!' aria-current="true"' if number == found.number else ''}}><img src="/picture/thumb/{{found.tag}}/{{number}}.png" alt="" width="120" height="89" loading="lazy"><span>{{time}}</span></a></li>
% end
</ul>
% end
% end
</div>
