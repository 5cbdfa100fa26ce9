% include('head.tpl', title=_('Settings') + ' · longtake')
% include('top.tpl')
% text = texts.get
% def pinned(name):
% return ' disabled' if name in keys and keys[name]['pinned'] and not (name == 'interval' and text('pace') == 'date') else ''
% end
<main id="main" tabindex="-1">
<h1 class="hide">{{_('Settings')}}</h1>
% if keys:
% change, = section('settings')
<form method="post" action="/do/{{change.name}}" id="settings" data-stay="settings" data-doing="{{_(change.doing)}}" data-done="{{_(change.done)}}" data-same="{{_('Nothing was changed.')}}" novalidate>
% if 'interval' in keys:
<section aria-labelledby="pace-title">
<h2 id="pace-title">{{_('Pace')}}</h2>
<fieldset{{!pinned('interval')}}>
<legend class="hide">{{_('Pace')}}</legend>
<label class="check"><input type="radio" name="pace" value="interval"{{!'' if text('pace') == 'date' else ' checked'}}><span>{{_('One frame every')}}</span></label>
<div class="row pieces">
% for name, label in (('interval_h', _('hours')), ('interval_m', _('minutes')), ('interval_s', _('seconds'))):
<label for="{{name}}"><input id="{{name}}" name="{{name}}" value="{{text(name, '')}}" inputmode="decimal" autocomplete="off" maxlength="40" aria-describedby="wrong-{{name}} ends"{{!' aria-invalid="true"' if name in wrong else ''}}><span>{{label}}</span></label>
% end
</div>
% for name in ('interval_h', 'interval_m', 'interval_s'):
% include('wrong.tpl', name=name)
% end
<p class="hint" id="ends" role="status">{{pace}}</p>
% if 'finish_by' in keys:
<label class="check"><input type="radio" name="pace" value="date"{{!' checked' if text('pace') == 'date' else ''}}><span>{{_('So that the last film ends on')}}</span></label>
<label for="finish_by" class="hide">{{_('Date')}}</label>
<input id="finish_by" name="finish_by" type="date" value="{{text('finish_by', '')[:10]}}" aria-describedby="wrong-finish_by"{{!' aria-invalid="true"' if 'finish_by' in wrong else ''}}>
% include('wrong.tpl', name='finish_by')
% else:
<input type="hidden" name="pace" value="interval">
% end
</fieldset>
% if pinned('interval'):
<p class="warn">{{_(keys['interval']['pinned'])}}.</p>
% end
</section>
% end
% if 'quiet' in keys:
<section aria-labelledby="quiet-title">
<h2 id="quiet-title">{{_('Quiet hours')}}</h2>
<p class="hint">{{_('The panel stays as it is in these hours.')}}</p>
<fieldset{{!pinned('quiet')}}>
<legend class="hide">{{_('Quiet hours')}}</legend>
<input type="hidden" name="hours" value="1">
% for place, (begin, end) in enumerate(hours):
<div class="row hours">
<label for="quiet_from_{{place}}"><span>{{_('from')}}</span><input id="quiet_from_{{place}}" name="quiet_from_{{place}}" type="time" value="{{begin}}" aria-describedby="wrong-quiet_from_{{place}}"></label>
<label for="quiet_to_{{place}}"><span>{{_('to')}}</span><input id="quiet_to_{{place}}" name="quiet_to_{{place}}" type="time" value="{{end}}" aria-describedby="wrong-quiet_to_{{place}}"></label>
</div>
% include('wrong.tpl', name='quiet_from_%d' % place)
% include('wrong.tpl', name='quiet_to_%d' % place)
% end
</fieldset>
% if 'quiet_days' in keys:
<fieldset{{!pinned('quiet_days')}}>
<legend>{{_('Whole quiet days')}}</legend>
<input type="hidden" name="days" value="1">
<div class="chips">
% for day, label in (('mon', 'Mon'), ('tue', 'Tue'), ('wed', 'Wed'), ('thu', 'Thu'), ('fri', 'Fri'), ('sat', 'Sat'), ('sun', 'Sun')):
<label class="check"><input type="checkbox" name="day_{{day}}" value="1"{{!' checked' if day in days else ''}}><span>{{_(label)}}</span></label>
% end
</div>
% include('wrong.tpl', name='day_mon')
</fieldset>
% end
% for name in ('quiet', 'quiet_days'):
% if pinned(name):
<p class="warn">{{_(keys[name]['pinned'])}}.</p>
% end
% end
</section>
% end
<section aria-labelledby="show-title">
<h2 id="show-title">{{_('Films and picture')}}</h2>
% for name, label, choices in (('end', _('When a film is over'), (('stop', _('stop there')), ('next', _('go on with the next film')), ('loop', _('show all films again and again')))), ('order', _('Order of the films'), (('name', _('by name')), ('shuffle', _('shuffled')))), ('rotate', _('The panel hangs'), (('0', _('upright')), ('180', _('upside down'))))):
% if name in keys:
<label for="{{name}}">{{label}}</label>
<select id="{{name}}" name="{{name}}" aria-describedby="wrong-{{name}}"{{!pinned(name)}}>
% for choice, words in choices:
<option value="{{choice}}"{{!' selected' if choice == text(name) else ''}}>{{words}}</option>
% end
</select>
% include('wrong.tpl', name=name)
% if pinned(name):
<p class="warn">{{_(keys[name]['pinned'])}}.</p>
% end
% end
% end
% for name, label in (('dial', _('Liveliness of films that are sent')), ('flashes', _('Flashes of films that are sent'))):
% if name in keys:
% value, choices = text(name, ''), CHOICES[name]
<label for="{{name}}">{{label}}</label>
<select id="{{name}}" name="{{name}}" aria-describedby="wrong-{{name}}"{{!pinned(name)}}>
% for choice, words in (choices if value in choices or not value else {**choices, value: value}).items():
<option value="{{choice}}"{{!' selected' if choice == value else ''}}>{{_(words)}}</option>
% end
</select>
% include('wrong.tpl', name=name)
% if pinned(name):
<p class="warn">{{_(keys[name]['pinned'])}}.</p>
% end
% end
% end
% if 'caption' in keys:
<fieldset{{!pinned('caption')}}>
<legend>{{_('Caption at the bottom edge')}}</legend>
<input type="hidden" name="captions" value="1">
<div class="chips">
% for part, label in (('title', _('title')), ('time', _('time')), ('frame', _('frame')), ('percent', _('percent'))):
<label class="check"><input type="checkbox" name="caption_{{part}}" value="1"{{!' checked' if part in parts else ''}}><span>{{label}}</span></label>
% end
</div>
% include('wrong.tpl', name='caption_title')
</fieldset>
% if pinned('caption'):
<p class="warn">{{_(keys['caption']['pinned'])}}.</p>
% end
% end
</section>
% if expert:
<section>
<details{{!' open' if any(name in wrong for name in expert) else ''}}>
<summary><h2>{{_('Expert')}}</h2></summary>
% for name in expert:
% key, value = keys[name], text(name, '')
<div class="setting">
<label for="{{name}}">{{_(name.replace('_', ' ').capitalize())}}{{', ' + _(key['unit']) if key['unit'] else ''}}</label>
% if key['choices'] or key['kind'] == 'switch':
<select id="{{name}}" name="{{name}}" aria-describedby="help-{{name}} wrong-{{name}}"{{!pinned(name)}}>
% for choice in key['choices'] or ['true', 'false']:
<option value="{{choice}}"{{!' selected' if str(choice) == value else ''}}>{{_({'true': 'yes', 'false': 'no'}.get(choice, str(choice)))}}</option>
% end
</select>
% else:
<input id="{{name}}" name="{{name}}" value="{{value}}" maxlength="200" autocomplete="off"{{!' inputmode="decimal"' if key['kind'] != 'text' else ''}} aria-describedby="help-{{name}} wrong-{{name}}"{{!pinned(name)}}{{!' aria-invalid="true"' if name in wrong else ''}}>
% end
% include('wrong.tpl', name=name)
<p class="hint" id="help-{{name}}">{{sentence(_(key['help']) + (' (%s)' % _(key['range']) if key['range'] and not key['choices'] and key['kind'] != 'switch' else ''))}}</p>
% if pinned(name):
<p class="warn">{{_(key['pinned'])}}.</p>
% end
</div>
% end
</details>
</section>
% end
<p class="save"><button class="strong">{{_(change.label)}}</button></p>
</form>
% end

<section aria-labelledby="panel-title">
<h2 id="panel-title">{{_('Panel')}}</h2>
<dl class="facts">
<div><dt>{{_('Redraws so far')}}</dt><dd>{{_.number(snapshot.redraws)}}</dd></div>
<div><dt>{{_('Changed since the last redraw')}}</dt><dd>{{_.percent(snapshot.net)}}</dd></div>
</dl>
% for action in section('panel'):
% include('action.tpl', action=action)
% end
<div class="do"><span>{{_('A photograph by the phone tells what this panel shows.')}}</span><a class="button" href="/calibrate">{{_('Calibrate')}}</a></div>
</section>

<section aria-labelledby="phone-title">
<h2 id="phone-title">{{_('This phone')}}</h2>
<form method="post" action="/language" class="do">
<label for="language">{{_('Language')}}</label>
<select id="language" name="language">
<option value="">{{_('as the browser says')}}</option>
% for tag, name in languages.items():
<option value="{{tag}}"{{!' selected' if tag == chosen else ''}} lang="{{tag}}">{{name}}</option>
% end
</select>
<button>{{_('Change')}}</button>
</form>
% if signed_in:
<form method="post" action="/logout" class="do"><button>{{_('Sign out')}}</button></form>
% end
</section>

<section>
<details id="log-part">
<summary><h2>{{_('Log')}}</h2></summary>
% include('log.tpl', lines=lines)
</details>
</section>
</main>
</body>
</html>
