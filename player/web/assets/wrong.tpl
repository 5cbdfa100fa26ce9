<p class="wrong" id="wrong-{{name}}"{{!'' if name in wrong else ' hidden'}}>{{wrong.get(name, '')}}</p>
