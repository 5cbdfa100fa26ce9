<div id="calibration" aria-live="polite">
% if state == 'asked':
<p class="busy">{{_('The photograph is being measured. That takes from some seconds to some minutes.')}}</p>
<p class="hint">{{_('If nothing happens: films and photographs are for the export service (longtake-setup --export, or player export).')}}</p>
<noscript><p><a class="button" href="/calibrate">{{_('Look again')}}</a></p></noscript>
% elif state != 'none':
<h2>3. {{_('What was found')}}</h2>
% if state.error:
<p class="problem">{{in_plain_words(_, state.error)}}</p>
% else:
% for line in verdicts(_, state.words):
<p>{{line}}</p>
% end
% if measured is not None:
<dl class="facts">
<div><dt>{{_('Ghost of a darkened pixel')}}</dt><dd class="whole">{{_.number(measured.ghost, 3)}} ± {{_.number(measured.ghost_spread, 3)}}</dd></div>
<div><dt>{{_('Ghost of a lightened pixel')}}</dt><dd class="whole">{{_.number(measured.ghost_white, 3)}} ± {{_.number(measured.ghost_white_spread, 3)}}</dd></div>
<div><dt>{{_('Dot gain at an edge, in pixels')}}</dt><dd>{{_.number(round(measured.dot_gain, 2) + 0.0, 2)}}</dd></div>
</dl>
<p class="hint">{{_('Ghosts are shares from black (0) to white (1).')}}</p>
<a href="/picture/calibration.png"><img class="report" src="/picture/calibration.png?{{photographs}}" alt="{{_('The report: the chart as it was found, ghosts, tones and response')}}" width="1300" height="1196"></a>
% if measured == used:
<p class="good">{{_('This is in use.')}}</p>
% else:
<form method="post" action="/do/calibrate/accept" class="do"><button class="strong">{{_('Yes, use it for films to come')}}</button></form>
% end
% end
% end
% if not state.error:
<form method="post" action="/do/calibrate/again" class="do"><span>{{_('Another photograph is measured together with those before ({}).', photographs)}}</span><button>{{_('Begin anew')}}</button></form>
% elif not state.error.startswith('photograph-'):
<form method="post" action="/do/calibrate/again" class="do"><button>{{_('Begin anew')}}</button></form>
% else:
<p class="hint">{{_('Send another one; it replaces this.')}}</p>
% end
% end
</div>
