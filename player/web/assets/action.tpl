% # The form of one action: a bare button in the bar, folded under a heading, or a line of its own.
% name, fold = action.name, action.fold
% line = action.section != 'bar' and not fold
% away = action.when == ('running' if now.paused else 'paused')
% if fold:
<details>
<summary>{{fold}}</summary>
<p id="{{name}}-hint">{{action.hint}}</p>
% end
<form method="post" action="/do/{{name}}" data-stay data-when="{{action.when}}"{{!' class="line"' if line else ''}}{{' hidden' if away else ''}}>
{{!'<div class="row">' if line else ''}}
% for field in action.form:
% limits = 'type="number" min="%d" max="%d"' % (field.low, field.high) if field.kind == 'integer' else 'maxlength="%d"' % field.longest
<label for="{{field.name}}">{{field.label}}<input id="{{field.name}}" name="{{field.name}}" {{!limits}}{{!' pattern="%s"' % field.pattern if field.pattern else ''}}{{'' if field.optional else ' required'}} autocomplete="off" placeholder="{{field.example}}" title="{{field.must}}"></label>
% end
% if action.hint and not fold:
<span id="{{name}}-hint">{{action.hint}}</span>
% end
<button{{!' class="strong"' if action.strong else ''}}{{!' aria-describedby="%s-hint"' % name if action.hint else ''}}>{{action.label}}</button>
{{!'</div>' if line else ''}}
</form>
% if fold:
</details>
% end
