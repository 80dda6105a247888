"""Runs zc.buildout 2 on a Python that has removed names which it imports.

Debian 12 has zc.buildout 2.13.2, which takes MutableMapping from the
``collections`` module; Python 3.10 moved it to ``collections.abc`` for good.

The agent gives this text to ``python3 -c``, so that it need not be readable
for the user who builds. Arguments: those of buildout, nothing else. After a
``bootstrap`` the same line goes into the script that buildout has written, so
that the script works by itself from then on, whoever runs it.
"""
import os
import re
import stat
import sys

DISTRIBUTION = '/usr/lib/python3/dist-packages'
COMPATIBILITY = (
    "import collections, collections.abc; "
    "[setattr(collections, name, getattr(collections.abc, name))"
    " for name in ('Mapping', 'MutableMapping')"
    " if not hasattr(collections, name)]"
)


def option(arguments, name, default):
    """The value that ``buildout:<name>=value`` gives on the command line."""
    prefix = 'buildout:%s=' % name
    for argument in arguments:
        if argument.startswith(prefix):
            return argument[len(prefix):]
    return default


def add_compatibility(script):
    """Puts the line after the first one; rewrites the script by a rename."""
    with open(script, encoding='utf-8') as old:
        lines = old.read().split('\n')
        mode = stat.S_IMODE(os.fstat(old.fileno()).st_mode)
    if COMPATIBILITY in lines or not re.match('#!.*python', lines[0]):
        return
    lines.insert(1, COMPATIBILITY)
    incoming = '%s.%d' % (script, os.getpid())
    with open(incoming, 'w', encoding='utf-8') as new:
        new.write('\n'.join(lines))
        new.flush()
        os.fsync(new.fileno())
        os.fchmod(new.fileno(), mode)
    os.rename(incoming, script)


def main(arguments):
    exec(COMPATIBILITY, {})
    if DISTRIBUTION not in sys.path:
        sys.path.append(DISTRIBUTION)
    import site
    site.addsitedir(DISTRIBUTION)
    from zc.buildout import buildout
    # `sys.argv[0]` is '-c'; buildout prints it in its usage text only.
    sys.argv[0] = 'buildout'
    status = 0
    try:
        buildout.main(list(arguments))  # it empties the list
    except SystemExit as end:
        status = end.code or 0
    if status == 0 and 'bootstrap' in arguments:
        directory = option(arguments, 'directory', os.getcwd())
        binaries = option(arguments, 'bin-directory', 'bin')
        add_compatibility(os.path.join(directory, binaries, 'buildout'))
    return status


sys.exit(main(sys.argv[1:]))
