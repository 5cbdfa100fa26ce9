<pre id="log" tabindex="0" role="region" aria-label="{{_('Last lines of the log')}}">{{'\n'.join(lines) or _('Nothing yet.')}}</pre>
