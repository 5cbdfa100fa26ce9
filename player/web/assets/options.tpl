% # The options of an export: the usual ones, and those for experts. mark: what tells its ids from those of other forms;
% # elsewhere: whether the film lies on a computer of the house.
% mark, typed = get('mark', ''), get('typed', {})
% for expert in (False, True):
% if expert:
<details class="fold">
<summary>{{_('Expert')}}</summary>
% end
% for name, option in options.items():
% if option.expert == expert:
% value = typed.get(name, '')
% choices = choices_of(name, get('elsewhere', False), value)
<div class="setting">
% if option.switch:
<label class="check"><input type="checkbox" name="option_{{name}}" value="yes"{{!' checked' if value else ''}}><span>{{_(option.label)}}</span></label>
% elif choices:
<label for="option_{{name}}{{mark}}">{{_(option.label)}}</label>
<select id="option_{{name}}{{mark}}" name="option_{{name}}">
% for choice, words in choices.items():
<option value="{{choice}}"{{!' selected' if choice == value else ''}}>{{_(words)}}</option>
% end
</select>
% else:
<label for="option_{{name}}{{mark}}">{{_(option.label)}}</label>
<input id="option_{{name}}{{mark}}" name="option_{{name}}" value="{{value}}" maxlength="200" autocomplete="off" placeholder="{{option.example}}" aria-describedby="{{'help-%s%s ' % (name, mark) if option.help else ''}}wrong-option_{{name}}{{mark}}">
<p class="wrong" id="wrong-option_{{name}}{{mark}}" hidden></p>
% end
% if option.help and not choices and not option.switch:
<p class="hint" id="help-{{name}}{{mark}}">{{sentence(_(option.help))}}</p>
% end
</div>
% end
% end
% if expert:
</details>
% end
% end
