"""Recipes of the instance phase."""
import errno
import os
import socket

import zc.buildout

from .files import write
from .slap import Slap


class Connection(object):
    """Ask the master about this partition.

    Sets `ipv4` (its first address of that family, else 127.0.0.1),
    `instance-title`, and `parameter.NAME` for each `default.NAME`.
    """

    def __init__(self, buildout, name, options):
        parameters = Slap(
            options['url'], options['key'], options['cert']
        ).partition_parameters(options['computer'], options['partition'])
        addresses = [entry[1] for entry in parameters.get('ip_list') or []]
        options['ipv4'] = next(
            (address for address in addresses if '.' in address), '127.0.0.1')
        options['instance-title'] = parameters.get('instance_title') or ''
        for key in list(options.keys()):
            if key.startswith('default.'):
                parameter = key[len('default.'):]
                value = parameters.get(parameter, options[key])
                # `$` would be read as a reference to another option.
                options['parameter.' + parameter] = str(value).replace(
                    '$', '$$')

    def install(self):
        return []

    update = install


class Port(object):
    """Set `number` to the `wanted` port; without one, to a port of `address`
    that was free when it was first needed. It is kept in the file `remember`.
    """

    def __init__(self, buildout, name, options):
        self.remember = options['remember']
        wanted = options['wanted']
        if wanted:
            if not (wanted.isdigit() and 0 < int(wanted) < 65536):
                raise zc.buildout.UserError(
                    'The parameter port is %r: expected a number from 1 to '
                    '65535' % wanted)
            options['number'] = wanted
        else:
            options['number'] = self.remembered() or self.choose(
                options['address'])

    def remembered(self):
        try:
            with open(self.remember) as remembered:
                number = remembered.read().strip()
        except (IOError, OSError) as error:
            if error.errno != errno.ENOENT:
                raise
            return ''
        return number if number.isdigit() else ''

    def choose(self, address):
        with socket.socket(
                socket.AF_INET6 if ':' in address else socket.AF_INET) as probe:
            probe.bind((address, 0))
            number = str(probe.getsockname()[1])
        # Renamed into place: a build that is killed here leaves all or nothing.
        write(self.remember + '.new', number, 0o600)
        os.rename(self.remember + '.new', self.remember)
        return number

    def install(self):
        return []

    update = install


class Publish(object):
    """Publish every option whose name starts with `publish.`."""

    def __init__(self, buildout, name, options):
        self.options = options

    def install(self):
        options = self.options
        Slap(options['url'], options['key'], options['cert']).publish(
            options['computer'], options['partition'],
            dict((key[len('publish.'):], options[key])
                 for key in options.keys() if key.startswith('publish.')))
        return []

    update = install
