"""Recipes that write one file."""
import os
import shlex


def write(path, text, mode):
    folder = os.path.dirname(path)
    if not os.path.isdir(folder):
        os.makedirs(folder)
    with open(path, 'w') as output:
        output.write(text)
    os.chmod(path, mode)


class File(object):
    """Copy `source` to `output` with `mode` (0644).

    Every other option of the part replaces `@name@` in the text.
    """

    own_options = ('recipe', 'source', 'output', 'mode')

    def __init__(self, buildout, name, options):
        self.options = options
        options['source'], options['output']  # missing ones fail here

    def install(self):
        options = self.options
        with open(options['source']) as source:
            text = source.read()
        for key in options.keys():
            if key not in self.own_options:
                text = text.replace('@%s@' % key, options[key])
        write(options['output'], text, int(options.get('mode', '0644'), 8))
        return [options['output']]

    update = install


class Wrapper(object):
    """Write to `output` a script that runs `command-line`, one argument a line."""

    def __init__(self, buildout, name, options):
        self.options = options
        options['output'], options['command-line']

    def install(self):
        arguments = [
            line.strip() for line in self.options['command-line'].splitlines()
            if line.strip()]
        write(self.options['output'], '#!/bin/sh\nexec %s\n' % ' '.join(
            shlex.quote(argument) for argument in arguments), 0o700)
        return [self.options['output']]

    update = install
