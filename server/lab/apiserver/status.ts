import type { Json } from '../store-port.ts';
import { qualified, type Resource } from './resources.ts';

/** One field that is wrong, as `kubectl` prints it under an Invalid error. */
export interface Cause {
  readonly reason: 'FieldValueRequired' | 'FieldValueInvalid' | 'FieldValueNotSupported' | 'FieldValueForbidden';
  readonly field: string;
  readonly message: string;
}

/** A refusal that the API tells its client as a metav1.Status. */
export class ApiError extends Error {
  readonly code: number;
  readonly reason: string;
  readonly details: Json;
  constructor(code: number, reason: string, message: string, details?: Json) {
    super(message);
    this.name = 'ApiError';
    this.code = code;
    this.reason = reason;
    this.details = details;
  }

  toStatus(): Json {
    return {
      kind: 'Status',
      apiVersion: 'v1',
      metadata: {},
      status: 'Failure',
      message: this.message,
      reason: this.reason,
      ...(this.details === undefined ? {} : { details: this.details }),
      code: this.code,
    };
  }
}

function named(resource: Resource, name: string, more: Json = {}): Json {
  return { name, ...(resource.group === '' ? {} : { group: resource.group }), kind: resource.plural, ...more };
}

export const badRequest = (message: string) => new ApiError(400, 'BadRequest', message);

export const unauthorized = () => new ApiError(401, 'Unauthorized', 'Unauthorized');

export function forbidden(resource: Resource | undefined, name: string, message: string): ApiError {
  if (resource === undefined) return new ApiError(403, 'Forbidden', message);
  const what = name === '' ? qualified(resource) : `${qualified(resource)} "${name}"`;
  return new ApiError(403, 'Forbidden', `${what} is forbidden: ${message}`, named(resource, name));
}

export const notFound = (resource: Resource, name: string) =>
  new ApiError(404, 'NotFound', `${qualified(resource)} "${name}" not found`, named(resource, name));

export const noSuchPath = () => new ApiError(404, 'NotFound', 'the server could not find the requested resource', {});

export const methodNotAllowed = () =>
  new ApiError(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource', {});

export const alreadyExists = (resource: Resource, name: string) =>
  new ApiError(409, 'AlreadyExists', `${qualified(resource)} "${name}" already exists`, named(resource, name));

export function conflict(
  resource: Resource,
  name: string,
  why = 'the object has been modified; please apply your changes to the latest version and try again',
): ApiError {
  const message = `Operation cannot be fulfilled on ${qualified(resource)} "${name}": ${why}`;
  return new ApiError(409, 'Conflict', message, named(resource, name));
}

export const expired = (asked: string | number, oldest: string | number) =>
  new ApiError(410, 'Expired', `too old resource version: ${asked} (${oldest})`);

export const unsupportedMediaType = (type: string, supported: readonly string[]) =>
  new ApiError(
    415,
    'UnsupportedMediaType',
    `the body of the request was in an unknown format (${type}) - accepted media types include: ${supported.join(', ')}`,
  );

export function invalid(resource: Resource, name: string, causes: readonly Cause[]): ApiError {
  const listed = causes.map((cause) => `${cause.field}: ${cause.message}`);
  const joined = listed.length === 1 ? listed[0] : `[${listed.join(', ')}]`;
  return new ApiError(
    422,
    'Invalid',
    `${resource.kind}${resource.group === '' ? '' : `.${resource.group}`} "${name}" is invalid: ${joined}`,
    {
      name,
      ...(resource.group === '' ? {} : { group: resource.group }),
      kind: resource.kind,
      causes: causes.map((cause) => ({ reason: cause.reason, message: cause.message, field: cause.field })),
    },
  );
}

export const tooManyRequests = (message: string, causes: Json[]) =>
  new ApiError(429, 'TooManyRequests', message, { causes });
