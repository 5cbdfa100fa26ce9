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
% forms = [('again', _('Try again'))] if state == 'failed' and card.is_film else [('again', _('Begin'))] if card.job.held and state == 'waiting' else []
% name, preview = remote.preview(card.job) if state != 'exporting' and (not card.job.by or card.job.is_elsewhere) and card.is_film else ('', None)
% able = can_order or card.job.is_elsewhere
% forms += [('preview', _('Preview'))] if able and preview == 'none' else []
% forms += [('first', _('This one first'))] if state == 'waiting' and place > 1 else []
% forms += [('remove', _('Remove') if state != 'exporting' else _('Stop and remove'))]
% for what, label in forms:
<form method="post" action="/do/job/{{what}}" data-leads="/films?asked=job" data-doing="{{_('One moment…')}}"><input type="hidden" name="job" value="{{id}}"><button aria-describedby="job-{{id}}">{{label}}</button></form>
% end
% if state in ('waiting', 'failed') and card.is_film:
<details class="more">
<summary>{{_('Options')}}</summary>
<form method="post" action="/do/job/options" data-leads="/films?asked=job" data-doing="{{_('One moment…')}}"><input type="hidden" name="job" value="{{id}}">
% include('options.tpl', options=options, mark='-' + id, typed=card.job.options, elsewhere=card.job.is_elsewhere)
<p class="row"><button class="strong">{{_('Save')}}</button>
% if able:
<button formaction="/do/job/preview">{{_('Save and preview')}}</button>
% end
</p>
</form>
</details>
% end
</div>
% if preview == 'asked':
<p class="hint">{{_('{} makes the preview when it is there.', card.job.by) if card.is_away else _('The preview is being made; that takes some seconds to some minutes.')}}</p>
% elif preview and preview != 'none' and preview.error:
<p class="warn">{{_('No preview: {}', sentence(_(preview.error)))}}</p>
% elif preview and preview != 'none':
<div class="preview" tabindex="0" role="group" aria-label="{{_('Preview: three frames as the panel will show them')}}"><img src="/picture/{{name}}.png" alt="{{_('Three frames as the panel will show them')}}" loading="lazy"></div>
% end
</div>
</li>
% end
</ul>
% if not can_order and not all(card.job.is_elsewhere for card in shown):
<p class="hint">{{_('There is no preview here: pip install longtake[export].')}}</p>
% end
% end
</div>
