% # The form of one action. given: values of hidden fields; key: what tells its ids from those of the same action elsewhere.
% name, fold, key, given = action.name, action.fold, get('key', ''), get('given', {})
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
<span id="{{name}}{{key}}-hint">{{_(action.hint)}}</span>
% end
% for field in action.form:
% if field.name not in given:
% limits = 'type="number" min="%d" max="%d"' % (field.low, field.high) if field.kind == 'integer' else 'maxlength="%d"' % field.longest
<label for="{{field.name}}{{key}}">{{_(field.label)}}<input id="{{field.name}}{{key}}" name="{{field.name}}" value="{{get('typed', '')}}" {{!limits}}{{!' pattern="%s"' % field.pattern if field.pattern else ''}}{{'' if field.optional or field.name == 'title' else ' required'}} autocomplete="off" placeholder="{{field.example}}" title="{{_(field.must)}}" aria-describedby="wrong-{{field.name}}{{key}}"></label>
<p class="wrong" id="wrong-{{field.name}}{{key}}" hidden></p>
% end
% end
<button{{!' class="strong"' if action.strong else ' class="danger"' if fold else ''}}{{!' aria-describedby="%s%s-hint"' % (name, key) if action.hint else ''}}>
% if action.icon:
<svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon(action.icon)}}"/></svg>
% end
<span>{{_(action.label)}}</span></button>
</form>
% if fold:
</details>
% end
