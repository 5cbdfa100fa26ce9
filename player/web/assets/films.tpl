% include('head.tpl', title=_('Films') + ' · longtake')
% include('top.tpl')
<main id="main" tabindex="-1">
<h1 class="hide">{{_('Films')}}</h1>
% if uploads.films is not None:
<section aria-labelledby="send-title">
<h2 id="send-title">{{_('Send a film')}}</h2>
<form method="post" action="/do/upload" enctype="multipart/form-data" id="upload" data-sent="{{_('{} of {} sent')}}" data-checking="{{_('Sent. The player is checking it…')}}" data-lost="{{_('The connection was lost. Trying again…')}}" data-stopped="{{_('Not sent: {}')}}" data-again="{{_('the player does not answer. Send it again to continue')}}" data-cancelled="{{_('Cancelled.')}}" data-large="{{_('the file is larger than {}', _.size(uploads.limit))}}">
% if uploads.queue is not None:
<details class="fold">
<summary>{{_('Options for films')}}</summary>
<p class="hint">{{_('All of it may be left as it is.')}}</p>
% include('options.tpl', options=options, typed=typed)
</details>
% end
<label for="file" class="drop"><svg viewBox="0 0 24 24" aria-hidden="true"><path d="{{icon('send')}}"/></svg><span>{{_('Choose a file')}}</span>
<input id="file" name="file" type="file" accept="{{'.reel,video/*,' + ','.join('.' + one for one in suffixes) if uploads.queue is not None else '.reel'}}" required aria-describedby="upload-hint"></label>
<p class="hint" id="upload-hint">{{_('A film, or a reel, of up to {}.', _.size(uploads.limit)) if uploads.queue is not None else _('A reel of up to {}.', _.size(uploads.limit))}}
% if space is not None:
{{_('{} are free.', _.size(space))}}
% end
</p>
<div class="row"><button class="strong">{{_('Send')}}</button><button type="button" id="cancel" hidden>{{_('Cancel')}}</button></div>
<progress id="sent" max="100" value="0" hidden aria-label="{{_('Sent')}}"></progress>
<p id="sending" role="status"></p>
</form>
</section>
% end
% if offer.computers:
<section aria-labelledby="house-title" id="house">
<h2 id="house-title">{{_('From a computer of the house')}}</h2>
% if offer.find or offer.many > 20:
<form method="get" action="/films#house" role="search" class="row find">
<input name="find" type="search" value="{{offer.find}}" maxlength="100" autocomplete="off" aria-label="{{_('Look for a film')}}" placeholder="{{_('Look for a film')}}"><button>{{_('Search')}}</button>
</form>
% end
% if offer.groups:
<form method="post" action="/do/want" data-leads="/films?asked=want" data-doing="{{_('One moment…')}}">
<label for="wanted">{{_('Film')}}</label>
<select id="wanted" name="film" required>
% for name, found in offer.groups.items():
<optgroup label="{{name}}">
% for value, called in found:
<option value="{{value}}">{{called}}</option>
% end
</optgroup>
% end
</select>
% if offer.shown < offer.many:
<p class="hint">{{_('These are the first {} of {}. Look for others.', _.number(offer.shown), _.number(offer.many))}}</p>
% end
<details class="fold">
<summary>{{_('Options for films')}}</summary>
<p class="hint">{{_('All of it may be left as it is.')}}</p>
% include('options.tpl', options=options, mark='-house', typed={}, elsewhere=True)
</details>
<p class="row"><button class="strong">{{_('Make a reel of it')}}</button></p>
</form>
% else:
<p class="hint">{{_('No film is found.') if offer.find else _('There are no films, or all of them are on their way.')}}</p>
% end
</section>
% end
<section aria-labelledby="films-title">
<h2 id="films-title">{{_('Library')}}</h2>
% include('jobs.tpl', jobs=jobs, done=done, options=options)
% if not can_export:
<p class="hint">{{_('This player cannot turn films into reels by itself; they wait for a computer that does.')}}</p>
% end
% if films:
<ul class="films">
% for number, film in enumerate(films):
<li{{!' aria-current="true"' if film.badge == _('On now') else ''}}>
% if film.reel.problem:
<div class="poster none" aria-hidden="true"></div>
% else:
<img class="poster" src="/picture/poster/{{film.reel.tag}}.png" alt="" width="241" height="178" loading="lazy">
% end
<div class="film">
<h3 id="film-{{number}}">{{film.reel.title}}</h3>
% if film.badge:
<span class="badge">{{film.badge}}</span>
% end
<p class="{{'warn' if film.reel.problem else 'hint'}}">{{film.facts}}</p>
% if film.share:
<progress max="100" value="{{'%.2f' % film.share}}" aria-label="{{_('Seen so far')}}"></progress>
% end
<div class="row">
% for action in section('film'):
% if action.strong and action.offered(remote, film.reel):
% include('action.tpl', action=action, given={'reel': film.reel.path}, mark=number)
% end
% end
<details class="more">
<summary aria-label="{{_('More for {}', film.reel.title)}}">{{_('More')}}</summary>
<div>
% for action in section('film'):
% if not action.strong and action.offered(remote, film.reel):
% include('action.tpl', action=action, given={'reel': film.reel.path}, mark=number, typed=film.reel.title)
% end
% end
</div>
</details>
</div>
</div>
</li>
% end
</ul>
% elif all(card.job.state == 'done' for card in jobs):
<p>{{_('None yet.')}}</p>
% end
% if uploads.films is None:
<p class="hint">{{_('To send films from here, set {} in the configuration of the player.', 'films')}}</p>
% end
</section>
</main>
</body>
</html>
