export {
  isSlapError,
  isSlapOSError,
  SLAP_ERROR_CODES,
  SlapError,
  type SlapErrorCode,
  type SlapErrorOptions,
  SlapOSError,
  type SlapOSErrorOptions,
} from './errors.js';
export { type LogFields, type Logger, silentLogger } from './logger.js';
export {
  type AddressPair,
  type ComputerPartitionDescription,
  computerDocument,
  computerPartitionDocument,
  type InstanceDescription,
  type SoftwareInstanceDescription,
  type SoftwareReleaseDescription,
  softwareInstanceDocument,
  softwareReleaseDocument,
} from './wire/documents.js';
export { type UnmarshalOptions, unmarshal } from './wire/marshal-reader.js';
export { marshal } from './wire/marshal-writer.js';
export { readParameterXml, writeParameterXml } from './wire/parameter-xml.js';
export { compareCodePoints, pythonFloatText, pythonRepr, pythonText } from './wire/python-text.js';
export { DEFAULT_MARSHAL_LIMITS, type MarshalLimits } from './wire/value-rules.js';
export {
  MARSHAL_CLASS_NAMES,
  type MarshalClassName,
  MarshalComplex,
  MarshalFloat,
  type MarshalInput,
  MarshalObject,
  MarshalTuple,
  type MarshalValue,
  type PlainRecord,
  toPlain,
} from './wire/values.js';
