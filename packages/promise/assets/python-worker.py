# Runs plug-in promises with the Python of the instance: 2.7 or 3.6 and newer, standard library only. (spec: promise 8.1)
#
# `main` is called with one document: what all jobs share, and the jobs; each runs in a child of its own, one after the other.
# Messages go to descriptor 3, one JSON object a line: `begin`, `loaded`, then `text` (parts of the message) and `result`, or
# `error` when the plug-in cannot be loaded, and last `end`.
# If the instance has slapos.core, that does the work; otherwise the stand-in below, which writes the same files.
from __future__ import unicode_literals

import codecs
import datetime
import errno
import io
import json
import logging
import os
import random
import re
import signal
import sys
import time
import traceback
import types

sys.dont_write_bytecode = True
MESSAGES = 3
IS_PYTHON_2 = sys.version_info[0] == 2
TEXT = type('')


def say(message):
  data = (json.dumps(message, ensure_ascii=True) + '\n').encode('ascii')
  while data:
    data = data[os.write(MESSAGES, data):]


def keep_from_children(descriptor):
  import fcntl
  fcntl.fcntl(descriptor, fcntl.F_SETFD, fcntl.fcntl(descriptor, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)


# --- The stand-in for slapos.core -----------------------------------------------------------------------------------

PROMISE_STATE_FOLDER_NAME = '.slapgrid/promise'
PROMISE_RESULT_FOLDER_NAME = '.slapgrid/promise/result'
PROMISE_LOG_FOLDER_NAME = '.slapgrid/promise/log'
PROMISE_PARAMETER_NAME = 'extra_config_dict'
ERROR_LEVEL = ('CRITICAL', 'ERROR')
MAX_MESSAGE = 5000
# Short enough that a line of messages stays below 16 kB whatever it is made of.
TEXT_PART = 1000
NAME = re.compile(r'^[A-Za-z_][^.]*$')
LOG_DATE = '%Y-%m-%d %H:%M:%S'
RECORD = re.compile(
  r'^(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2})[ \t]+(?:-[ \t]*)?([A-Za-z]+)[ \t]+(?:-[ \t]*)?(\d+-\d{3})(?:[ \t]+(?:-[ \t]*)?(.*))?$')
BOOLEANS = {'true': True, 'false': False}


class BaseResult(object):
  kind = None

  def __init__(self, problem=False, message=None, date=None):
    self.problem = problem
    if message is not None and len(message) > MAX_MESSAGE:
      message = '...' + message[-MAX_MESSAGE:]
    self.message = message
    self.date = datetime.datetime.utcnow() if date is None else date

  def hasFailed(self):
    return self.problem

  @classmethod
  def type(cls):
    return cls.kind


class TestResult(BaseResult):
  kind = 'Test Result'


class AnomalyResult(BaseResult):
  kind = 'Anomaly Result'


class EmptyResult(BaseResult):
  kind = 'Empty Result'


class PromiseQueueResult(object):
  def __init__(self, path=None, name=None, title=None, result=None, execution_time=0):
    self.path = path
    self.name = name
    self.title = title
    self.item = result
    self.execution_time = execution_time


def readRuns(path, latest_minute, result_count):
  """The latest runs of a log, newest first, each with its records in order."""
  records = []
  if path is not None and os.path.exists(path):
    with io.open(path, encoding='utf-8', errors='replace') as log:
      for line in log:
        line = line.rstrip('\n')
        match = RECORD.match(line)
        if match is not None:
          date, level, run, message = match.groups()
          records.append([date, level, run, message or ''])
        elif records and line.strip():
          records[-1][3] += '\n' + line
  limit = None
  if latest_minute > 0:
    limit = (datetime.datetime.now() - datetime.timedelta(minutes=latest_minute)).strftime(LOG_DATE)
  runs = []
  last = None
  for date, level, run, message in reversed(records):
    if limit is not None and date <= limit:
      break
    if run != last:
      if len(runs) == result_count:
        break
      runs.append([])
      last = run
    runs[-1].insert(0, {'date': datetime.datetime.strptime(date, LOG_DATE), 'status': level, 'message': message})
  return runs


def hasFailedRun(records):
  return any(record['status'] in ERROR_LEVEL for record in records)


class GenericPromise(object):
  def __init__(self, config):
    self.__config = config
    self.__log_folder = config.pop('log-folder', None)
    self.__partition_folder = config.pop('partition-folder', None)
    self.__debug = config.pop('debug', True)
    self.__name = config.pop('name', None)
    self.__path = config.pop('path', None)
    self.__queue = config.pop('queue', None)
    periodicity = config.pop('periodicity', 2)
    bang = config.pop('bang-on-failure', None)
    for key, value in (('queue', self.__queue), ('name', self.__name), ('path', self.__path),
                       ('partition-folder', self.__partition_folder)):
      if value is None:
        raise ValueError('the configuration has no %s' % key)
    self.__title = os.path.splitext(self.__name)[0]
    if not hasattr(self, '_GenericPromise__is_tested'):
      self.__is_tested = True
    if not hasattr(self, '_GenericPromise__is_anomaly_detected'):
      self.__is_anomaly_detected = True
    if bang is not None:
      if TEXT(bang).lower() not in BOOLEANS:
        raise ValueError('bang-on-failure must be true or false, not %r' % (bang,))
      self.__allow_bang = BOOLEANS[TEXT(bang).lower()]
    elif not hasattr(self, '_GenericPromise__allow_bang'):
      self.__allow_bang = True
    self.setPeriodicity(float(periodicity))
    self.__run_id = '%d-%d' % (time.time(), random.randint(100, 999))
    self.__makeLogger()

  def __makeLogger(self):
    # Not in the global registry: nothing that the plug-in imports can take its handlers away.
    self.logger = logging.Logger(str(self.__name), logging.DEBUG if self.__debug else logging.INFO)
    self.__log_file = None
    if self.__log_folder is None:
      handler = logging.StreamHandler(io.StringIO() if not IS_PYTHON_2 else codecs.getwriter('utf-8')(io.BytesIO()))
    else:
      self.__log_file = os.path.join(self.__log_folder, '%s.log' % self.__title)
      handler = logging.FileHandler(self.__log_file, encoding='utf-8')
    run = self.__run_id
    handler.setFormatter(logging.Formatter('%(asctime)s - %(levelname)s - ' + run + ' - %(message)s', LOG_DATE))
    self.logger.addHandler(handler)
    echo = logging.StreamHandler(sys.stderr)
    echo.setFormatter(logging.Formatter('%(levelname)s %(message)s'))
    self.logger.addHandler(echo)

  def getConfig(self, key, default=None):
    return self.__config.get(key, default)

  def setConfig(self, key, value):
    self.__config[key] = value

  def getTitle(self):
    return self.__title

  def getName(self):
    return self.__name

  def getPartitionFolder(self):
    return self.__partition_folder

  def getPromiseFile(self):
    return self.__path

  def getLogFile(self):
    return self.__log_file

  def getLogFolder(self):
    return self.__log_folder

  def setPeriodicity(self, minute):
    if minute <= 0:
      raise ValueError('the periodicity must be more than 0 minutes, not %r' % (minute,))
    self.__periodicity = int(minute) if minute == int(minute) else minute

  def getPeriodicity(self):
    return self.__periodicity

  def setTestLess(self):
    self.__is_tested = False

  def isTested(self):
    return self.__is_tested

  def setAnomalyLess(self):
    self.__is_anomaly_detected = False

  def isAnomalyDetected(self):
    return self.__is_anomaly_detected

  def allowBang(self, allow=True):
    self.__allow_bang = allow

  def isBangAllowed(self):
    return self.__allow_bang

  def getLastPromiseResultList(self, latest_minute=0, result_count=1, only_failure=False):
    runs = readRuns(self.__log_file, latest_minute, result_count)
    return [run for run in runs if hasFailedRun(run)] if only_failure else runs

  def __evaluate(self, result_class, result_count, failure_amount, latest_minute):
    runs = readRuns(self.__log_file, latest_minute, result_count)
    if not runs:
      return result_class(problem=False, message='No result found!')
    message = '\n'.join(record['message'] for record in runs[0]).strip()
    failures = sum(1 for run in runs if hasFailedRun(run))
    problem = hasFailedRun(runs[0]) and 0 < failure_amount <= failures
    return result_class(problem=problem, message=message)

  def _test(self, result_count=1, failure_amount=1, latest_minute=0):
    return self.__evaluate(TestResult, result_count, failure_amount, latest_minute)

  def _anomaly(self, result_count=1, failure_amount=1, latest_minute=0):
    return self.__evaluate(AnomalyResult, result_count, failure_amount, latest_minute)

  def sense(self):
    raise NotImplementedError('a promise needs a method sense')

  def test(self):
    return self._test()

  def anomaly(self):
    return self._anomaly()

  def __judge(self, check_anomaly):
    name, method, result_class = (
      ('anomaly', self.anomaly, AnomalyResult) if check_anomaly else ('test', self.test, TestResult))
    try:
      result = method()
    except Exception as error:
      return result_class(problem=True, message=describe(error))
    if result is None:
      return result_class(problem=True, message="Promise %s method returned 'None'" % name)
    return result

  def run(self, check_anomaly=False, can_bang=True):
    if not self.__is_tested and not self.__is_anomaly_detected:
      result_class = AnomalyResult if check_anomaly else TestResult
      result = result_class(problem=True, message="It's not allowed to disable both Test and Anomaly in promise!")
    elif not (self.__is_anomaly_detected if check_anomaly else self.__is_tested):
      result = EmptyResult()
    else:
      try:
        self.sense()
      except Exception as error:
        self.logger.error(describe(error))
      result = self.__judge(check_anomaly)
    self.__queue.put_nowait(PromiseQueueResult(
      path=self.__path, name=self.__name, title=self.__title, result=result))


def describe(error):
  try:
    return TEXT(error)
  except UnicodeError:
    return str(error).decode('utf-8', 'replace')


def bytes2str(value):
  return value if isinstance(value, str) else value.decode()


def str2bytes(value):
  return value if isinstance(value, bytes) else value.encode()


def mkdir_p(path, mode=0o700):
  try:
    os.makedirs(path, mode)
  except OSError as error:
    if error.errno != errno.EEXIST or not os.path.isdir(path):
      raise


def string_to_boolean(value):
  if not isinstance(value, (str, TEXT)):
    raise TypeError('%r is not a text' % (value,))
  if value.lower() not in BOOLEANS:
    raise ValueError('%r is neither true nor false' % (value,))
  return BOOLEANS[value.lower()]


def implementer(*interfaces):
  return lambda decorated: decorated


class Interface(object):
  pass


def standInContent(name):
  """What a module that we stand in for holds; None for a module that we do not know."""
  generic = dict(
    GenericPromise=GenericPromise, TestResult=TestResult, AnomalyResult=AnomalyResult, EmptyResult=EmptyResult,
    PromiseQueueResult=PromiseQueueResult)
  if name in ('slapos', 'slapos.grid', 'zope'):
    return {}
  if name == 'slapos.grid.promise':
    return generic
  if name == 'slapos.grid.promise.generic':
    return dict(
      generic, ERROR_LEVEL=ERROR_LEVEL, PROMISE_STATE_FOLDER_NAME=PROMISE_STATE_FOLDER_NAME,
      PROMISE_RESULT_FOLDER_NAME=PROMISE_RESULT_FOLDER_NAME, PROMISE_LOG_FOLDER_NAME=PROMISE_LOG_FOLDER_NAME,
      PROMISE_PARAMETER_NAME=PROMISE_PARAMETER_NAME)
  if name == 'slapos.grid.promise.interface':
    # Below the real zope.interface when there is one, or its `implementer` would refuse it.
    from zope.interface import Interface as base
    return dict(IPromise=type(base)(str('IPromise'), (base,), {'__module__': str(name)}))
  if name == 'slapos.util':
    return dict(bytes2str=bytes2str, str2bytes=str2bytes, mkdir_p=mkdir_p, string_to_boolean=string_to_boolean)
  if name == 'zope.interface':
    return dict(implementer=implementer, Interface=Interface)
  return None


PACKAGES = ('slapos', 'slapos.grid', 'slapos.grid.promise', 'zope', 'zope.interface')


class StandIn(object):
  """A finder that is asked last, for what nobody else has. Plug-ins purge sys.modules, so it is asked again and again."""

  def find_spec(self, name, path=None, target=None):
    if not standInNames(name):
      return None
    from importlib.machinery import ModuleSpec
    return ModuleSpec(name, self, is_package=name in PACKAGES)

  def create_module(self, spec):
    return None

  def exec_module(self, module):
    module.__dict__.update(standInContent(module.__name__))

  def find_module(self, name, path=None):
    return self if standInNames(name) else None

  def load_module(self, name):
    if name in sys.modules:
      return sys.modules[name]
    module = sys.modules[name] = types.ModuleType(str(name))
    module.__loader__ = self
    if name in PACKAGES:
      module.__path__ = []
    try:
      module.__dict__.update(standInContent(name))
    except BaseException:
      del sys.modules[name]
      raise
    return module


def standInNames(name):
  return name in PACKAGES or name in (
    'slapos.grid.promise.generic', 'slapos.grid.promise.interface', 'slapos.util')


# --- The job ---------------------------------------------------------------------------------------------------------

class Queue(object):
  """What a promise hands its result to."""

  def __init__(self):
    self.last = None

  def put_nowait(self, item):
    self.last = item

  def put(self, item, *args, **kw):
    self.last = item


def load(job, config):
  if NAME.match(job['title']) is None:
    raise ValueError('%s: the name of a plug-in must start with a letter or _, and have no dot' % job['path'])
  plugin_folder = os.path.dirname(job['path'])
  sys.path[0:0] = [plugin_folder]
  module = __import__(str(job['title']))
  promise_class = getattr(module, 'RunPromise', None)
  if not isinstance(promise_class, type):
    raise ValueError('%s has no class RunPromise' % job['path'])
  # The plug-in may have purged and imported slapos again: what it sees now is what counts.
  generic = sys.modules.get('slapos.grid.promise.generic')
  if generic is None or not issubclass(promise_class, generic.GenericPromise):
    raise ValueError('RunPromise of %s is no GenericPromise' % job['path'])
  checkDeclared(promise_class, job['path'])
  if not callable(getattr(promise_class, 'sense', None)) or promise_class.sense is GenericPromise.sense:
    raise ValueError('RunPromise of %s has no method sense' % job['path'])
  extra = getattr(module, PROMISE_PARAMETER_NAME, {})
  if not isinstance(extra, dict):
    raise ValueError('%s of %s is not a dictionary' % (PROMISE_PARAMETER_NAME, job['path']))
  for key in extra:
    if key in config or key == 'queue':
      raise ValueError('%s of %s has the reserved key %r' % (PROMISE_PARAMETER_NAME, job['path'], key))
  config.update(extra)
  queue = config['queue'] = Queue()
  return promise_class, promise_class(config), queue


def checkDeclared(promise_class, path):
  zope = sys.modules.get('zope.interface')
  interface = sys.modules.get('slapos.grid.promise.interface')
  if getattr(zope, 'implementedBy', None) is None or interface is None:
    return # our stand-in declares nothing
  if not interface.IPromise.implementedBy(promise_class):
    raise ValueError('RunPromise of %s does not implement IPromise' % path)


def allowsBang(promise):
  for name in ('isBangAllowed', '_GenericPromise__allow_bang', '_GenericPromise__bang_allowed'):
    value = getattr(promise, name, None)
    if value is not None:
      return bool(value() if callable(value) else value)
  return True


def limited(message):
  if message is None:
    return None
  message = message if isinstance(message, TEXT) else TEXT(message)
  return '...' + message[-MAX_MESSAGE:] if len(message) > MAX_MESSAGE + 3 else message


def tell(promise_class, promise, job):
  module_file = getattr(sys.modules[promise_class.__module__], '__file__', job['path'])
  if module_file.endswith(('.pyc', '.pyo')):
    module_file = module_file[:-1]
  say({
    'event': 'loaded',
    'periodicity': promise.getPeriodicity(),
    'isTested': bool(getattr(promise, 'isTested', lambda: True)()),
    'isAnomalyDetected': bool(getattr(promise, 'isAnomalyDetected', lambda: True)()),
    'moduleFile': module_file,
    'moduleMtime': os.stat(module_file).st_mtime,
  })


def runJob(document, job):
  try:
    config = dict(document['config'], name=job['name'], path=job['path'])
    promise_class, promise, queue = load(job, config)
    tell(promise_class, promise, job)
  except Exception:
    say({'event': 'error', 'message': describe(sys.exc_info()[1])[:TEXT_PART],
         'trace': traceback.format_exc()[-TEXT_PART:]})
    return
  promise.run(document['checkAnomaly'], False)
  last = queue.last
  if last is None:
    return
  result = last.item
  message = limited(result.message)
  for begin in range(0, len(message or ''), TEXT_PART):
    say({'event': 'text', 'text': message[begin:begin + TEXT_PART]})
  say({
    'event': 'result',
    'type': result.type(),
    'failed': bool(result.hasFailed()),
    'hasMessage': message is not None,
    'allowBang': allowsBang(promise),
  })


def runForked(document, job):
  """In a child: whatever it imports, changes or leaves behind is gone with it."""
  sys.stdout.flush()
  sys.stderr.flush()
  child = os.fork()
  if child == 0:
    status = 1
    try:
      os.setpgid(0, 0)
      random.seed()
      runJob(document, job)
      status = 0
    except BaseException:
      traceback.print_exc()
    finally:
      try:
        sys.stdout.flush()
        sys.stderr.flush()
      finally:
        os._exit(status)
  while True:
    try:
      os.waitpid(child, 0)
      break
    except OSError as error:
      if error.errno != errno.EINTR:
        raise
  try:
    os.killpg(child, signal.SIGKILL)
  except OSError:
    pass # it left nothing running


def main(document):
  keep_from_children(MESSAGES)
  os.close(0)
  os.open(os.devnull, os.O_RDONLY)
  os.chdir(document['config']['partition-folder'])
  sys.meta_path.append(StandIn())
  for job in document['jobs']:
    say({'event': 'begin', 'job': job['index']})
    runForked(document, job)
    say({'event': 'end', 'job': job['index']})
