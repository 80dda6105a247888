export {
  type ClientConfigurationSources,
  clientOptionsFromConfiguration,
  clientSectionSchema,
  consoleSectionSchema,
  createSlapConsole,
  type SlapConsole,
} from './client/console.js';
export { type HateoasDocument, HateoasNavigator, type HateoasRow } from './client/hateoas.js';
export { JsonRpcClient, type JsonRpcNotReady } from './client/json-rpc.js';
export {
  JSON_RPC_METHODS,
  type JsonRpcInstance,
  type JsonRpcMethodName,
  type JsonRpcRequest,
  type JsonRpcResponse,
} from './client/json-rpc-methods.js';
export { addIpv6Brackets, proxyFromVariables } from './client/master-url.js';
export { SlapClient, type SlapClientOptions } from './client/slap-client.js';
export type { MasterRequest, MasterRequestListener } from './client/http-transport.js';
export type { CallOptions } from './client/slap-connection.js';
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
export type { CertificateAndKey } from './model/answers.js';
export { Computer } from './model/computer.js';
export { ComputerPartition } from './model/computer-partition.js';
export {
  type ComputerInformation,
  type PartitionInformation,
  readComputerInformation,
  readPartitionInformation,
  type SoftwareReleaseInformation,
} from './model/information.js';
export { type InstanceInformation, readInstanceInformation } from './model/instance-information.js';
export { OpenOrder } from './model/open-order.js';
export { type InstanceRequest, NotReady, type RequestDictionary } from './model/request.js';
export { SoftwareProductCollection } from './model/software-product.js';
export { SoftwareRelease } from './model/software-release.js';
export { Supply } from './model/supply.js';
export { formatProblems, type ParameterProblem } from './schema/error-text.js';
export { generateSoftwareReleaseTypes, generateTypes, type JsonSchema } from './schema/generate-types.js';
export { createSchemaReader, type SchemaReader } from './schema/schema-reader.js';
export { deserialiseParameters, type Serialisation, serialiseParameters } from './schema/serialisation.js';
export {
  type ParameterCheck,
  SoftwareReleaseSchema,
  type SoftwareReleaseDescriptionDocument,
  type SoftwareReleaseSchemaOptions,
  type SoftwareTypeEntry,
} from './schema/software-release-schema.js';
export { dictionaryHash } from './wire/dictionary-hash.js';
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
export {
  checkComputerUsage,
  type PartitionUsage,
  readPartitionUsage,
  type UsageLimits,
  type UsageMovement,
  writeComputerUsage,
  writePartitionUsage,
} from './usage/usage-documents.js';
