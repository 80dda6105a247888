import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Program, type ProgramGroup, renderGroupFile } from './program-group.js';

function aProgram(changes: Partial<Program> = {}): Program {
  return {
    id: 'hello-server',
    processName: 'hello-server-on-watch',
    command: '/srv/slapgrid/slappart0/etc/service/hello-server',
    directory: '/srv/slapgrid/slappart0',
    uid: 1001,
    gid: 1002,
    userName: 'slapuser0',
    home: '/srv/slapgrid/slappart0',
    ...changes,
  };
}

function render(program: Partial<Program> = {}, group: Partial<ProgramGroup> = {}): string {
  return renderGroupFile(
    { name: 'slappart0', programs: [aProgram(program)], ...group },
    ({ directory, id }) => `${directory}/.slappart0_${id}.log`,
  );
}

/** What supervisord's parser makes of a file: sections with their keys; enough of its rules to see injected ones. */
function sectionsOf(file: string): Map<string, string[]> {
  const sections = new Map<string, string[]>();
  let keys: string[] = [];
  for (const line of file.split('\n')) {
    const section = /^\[([^\]]+)\]/.exec(line)?.[1];
    if (section !== undefined) sections.set(section, (keys = []));
    else if (line.includes('=')) keys.push(line.split('=')[0] ?? '');
  }
  return sections;
}

describe('renderGroupFile', () => {
  it('writes what the reference writes', () => {
    expect(render()).toBe(`[group:slappart0]
programs=slappart0_hello-server

[program:slappart0_hello-server]
directory=/srv/slapgrid/slappart0
command=/srv/slapgrid/slappart0/etc/service/hello-server
process_name=hello-server-on-watch
autostart=false
autorestart=false
startsecs=0
startretries=0
exitcodes=0
stopsignal=TERM
stopwaitsecs=60
stopasgroup=true
killasgroup=true
user=1001
group=1002
serverurl=AUTO
redirect_stderr=true
stdout_logfile=/srv/slapgrid/slappart0/.slappart0_hello-server.log
stdout_logfile_maxbytes=100KB
stdout_logfile_backups=1
stderr_logfile=/srv/slapgrid/slappart0/.slappart0_hello-server.log
stderr_logfile_maxbytes=100KB
stderr_logfile_backups=1
environment=USER="slapuser0",LOGNAME="slapuser0",HOME="/srv/slapgrid/slappart0"
`);
  });

  it('doubles what would be an expansion', () => {
    expect(render({ directory: '/srv/100%/p' })).toContain('\ndirectory=/srv/100%%/p\n');
  });

  it('quotes the words of a command', () => {
    expect(render({ command: ['/usr/bin/socat', "it's", 'a b'] })).toContain(
      `\ncommand=/usr/bin/socat 'it'"'"'s' 'a b'\n`,
    );
  });

  it('refuses to run a program of a partition as root', () => {
    expect(() => render({ uid: 0 })).toThrow(/would run as root/);
    expect(render({ uid: 0 }, { allowRoot: true })).toContain('\nuser=0\n');
  });

  it.each(['a\n[program:evil]\ncommand=id\nuser=0', 'a b', 'a:b', '../x', '', '-x', 'é', 'x'.repeat(200)])(
    'refuses the name %j',
    (id) => {
      expect(() => render({ id })).toThrow(/cannot be the name/);
      expect(() => render({ processName: id })).toThrow(/cannot be the name/);
      expect(() => render({}, { name: id })).toThrow(/cannot be the name/);
    },
  );

  it('gives the intended sections or refuses, whatever the values hold', () => {
    const expected = [...sectionsOf(render()).entries()];
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        fc.string({ unit: 'binary' }),
        (command, directory, home) => {
          let file: string;
          try {
            file = render({ command, directory, home });
          } catch (error) {
            expect(error).toMatchObject({ code: 'SUPERVISOR_INVALID_PROGRAM' });
            return;
          }
          expect([...sectionsOf(file).entries()]).toEqual(expected);
        },
      ),
    );
  });
});
