<div id="jobs" class="jobs" data-done="{{done}}">
% shown = [card for card in jobs if card.job.state != 'done']
% if shown:
<h3>{{_('On their way')}}</h3>
<ul class="films">
% for place, card in enumerate(shown):
% id, state = card.job.id, card.job.state
<li>
<div class="film">
<h3 id="job-{{id}}">{{card.job.name}}</h3>
<p class="{{'warn' if state == 'failed' else 'hint'}}">{{card.facts}}</p>
% if card.percent is not None:
<progress max="100" value="{{'%.2f' % card.percent}}" aria-labelledby="job-{{id}}"></progress>
% end
<div class="row">
% forms = [('again', _('Try again'))] if state == 'failed' else []
% forms += [('first', _('This one first'))] if state == 'waiting' and place > 1 else []
% forms += [('remove', _('Remove') if state != 'exporting' else _('Stop and remove'))]
% for what, label in forms:
<form method="post" action="/do/job/{{what}}" data-job><input type="hidden" name="job" value="{{id}}"><button aria-describedby="job-{{id}}">{{label}}</button></form>
% end
% if state in ('waiting', 'failed'):
<details class="more">
<summary>{{_('Options')}}</summary>
<form method="post" action="/do/job/options" data-job><input type="hidden" name="job" value="{{id}}">
% include('options.tpl', options=options, mark='-' + id, typed=card.job.options)
<p><button class="strong">{{_('Save')}}</button></p>
</form>
</details>
% end
</div>
</div>
</li>
% end
</ul>
% end
</div>
