% include('head.tpl', title=_('Calibrate the panel') + ' · longtake')
% include('top.tpl')
<main id="main" tabindex="-1">
<section aria-labelledby="calibrate-title">
<h1 id="calibrate-title">{{_('Calibrate the panel')}}</h1>
<p>{{_('A photograph tells how grey the ghosts of this panel are, and what its dots mix to. Films that are sent from then on are made for it and look better.')}}</p>
% if used is not None:
<p class="hint">{{_('In use: measured on {}, ghost {}, dot gain {} pixels.', _.day(used.measured), _.number(used.ghost, 3), _.number(round(used.dot_gain, 2) + 0.0, 2))}}</p>
<form method="post" action="/do/calibrate/forget" class="do"><button>{{_('Do without it')}}</button></form>
% else:
<p class="hint">{{_('This panel has not been measured; films assume usual values.')}}</p>
% end
</section>
<section aria-labelledby="chart-title">
<h2 id="chart-title">1. {{_('Show the chart')}}</h2>
% for action in section('calibrate'):
% include('action.tpl', action=action)
% end
</section>
<section aria-labelledby="photograph-title">
<h2 id="photograph-title">2. {{_('Photograph it')}}</h2>
% if not possible or not can_order:
<p class="warn">{{_('This player cannot measure photographs by itself.') if not possible else _('What reads photographs is not installed here: pip install longtake[export].')}} {{_('On a computer:')}} <code>trainer calibrate photo.jpg --out panel.toml</code>{{_(', then copy panel.toml to')}} <code>{{path}}</code>.</p>
% else:
<p class="hint">{{_('All of the chart, sharp, from the front, in even daylight, without flash and reflections. Two or three photographs are better than one.')}}</p>
<div class="row photographs">
% for name, label, capture in (('take', _('Take a photograph'), ' capture="environment"'), ('pick', _('Send one that is there'), '')):
<form method="post" action="/do/photograph" enctype="multipart/form-data" data-doing="{{_('The photograph is on its way…')}}">
<label for="{{name}}" class="drop"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon('camera' if capture else 'send')}}"/></svg><span>{{label}}</span>
<input id="{{name}}" name="file" type="file" accept="image/jpeg,image/png"{{!capture}} required></label>
<button class="{{'strong' if capture else ''}}">{{_('Send')}}</button>
</form>
% end
</div>
% include('calibration.tpl', state=state)
% end
</section>
</main>
</body>
</html>
