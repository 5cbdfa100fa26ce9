% # The form of one action. given: values of hidden fields; mark: what tells its ids from those of the same action elsewhere.
% name, fold, mark, given = action.name, action.fold, get('mark', ''), get('given', {})
% away = action.when == ('running' if get('paused', False) else 'paused')
% bar = action.section == 'bar'
% if fold:
<details class="fold">
<summary>{{_(fold)}}</summary>
% end
<form method="post" action="/do/{{name}}" data-stay="{{action.section or ''}}" data-when="{{action.when}}" data-doing="{{_(action.doing)}}" data-done="{{_(action.done)}}" class="do"{{!' hidden' if away else ''}}>
% for field, value in given.items():
<input type="hidden" name="{{field}}" value="{{value}}">
% end
% if action.hint:
<span id="{{name}}{{mark}}-hint">{{_(action.hint)}}</span>
% end
% for field in action.form:
% if field.name not in given:
% limits = 'type="number" min="%d" max="%d"' % (field.low, field.high) if field.kind == 'integer' else 'maxlength="%d"' % field.longest
<label for="{{field.name}}{{mark}}">{{_(field.label)}}<input id="{{field.name}}{{mark}}" name="{{field.name}}" value="{{get('typed', '')}}" {{!limits}}{{!' pattern="%s"' % field.pattern if field.pattern else ''}}{{'' if field.optional or field.name == 'title' else ' required'}} autocomplete="off" placeholder="{{field.example}}" title="{{_(field.must)}}" aria-describedby="wrong-{{field.name}}{{mark}}"></label>
<p class="wrong" id="wrong-{{field.name}}{{mark}}" hidden></p>
% end
% end
<button{{!' class="strong"' if action.strong else ' class="danger"' if fold else ''}}{{!' aria-describedby="%s%s-hint"' % (name, mark) if action.hint else ''}}>
% if action.icon:
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon(action.icon)}}"/></svg>
% end
<span>{{_(action.label)}}</span></button>
</form>
% if fold:
</details>
% end
