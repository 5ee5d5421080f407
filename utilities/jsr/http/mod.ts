/**
 * A stand-in for `jsr:@std/http` on machines that cannot reach JSR: the status codes that nara answers with, under
 * the names of RFC 9110 and RFC 6585. `links` in `deno.json` puts it there; without `links` the real package is used.
 * @module
 */

/** Status codes by name. */
export const STATUS_CODE = {
  /** The other side will speak another protocol now. */
  SwitchingProtocols: 101,
  /** The request was understood and answered. */
  OK: 200,
  /** Taken in, to be acted on later. */
  Accepted: 202,
  /** Answered, with nothing to say. */
  NoContent: 204,
  /** What was asked for is the same as before. */
  NotModified: 304,
  /** The request cannot be read. */
  BadRequest: 400,
  /** The sender has not proven who it is. */
  Unauthorized: 401,
  /** The sender may not do this. */
  Forbidden: 403,
  /** There is nothing at this path. */
  NotFound: 404,
  /** The path exists, but not for this method. */
  MethodNotAllowed: 405,
  /** The request took too long to arrive. */
  RequestTimeout: 408,
  /** The body is longer than allowed. */
  ContentTooLarge: 413,
  /** The body is of a type that is not understood. */
  UnsupportedMediaType: 415,
  /** What the sender expects first is nothing that is done here. */
  ExpectationFailed: 417,
  /** Readable, but not something that can be acted on. */
  UnprocessableEntity: 422,
  /** The sender asks too often. */
  TooManyRequests: 429,
  /** The headers are longer than allowed. */
  RequestHeaderFieldsTooLarge: 431,
  /** Something broke on this side. */
  InternalServerError: 500,
  /** Something that is not done here. */
  NotImplemented: 501,
  /** Too busy; try again later. */
  ServiceUnavailable: 503,
  /** Another version of HTTP is spoken here. */
  HTTPVersionNotSupported: 505,
} as const;

/** One of the status codes above. */
export type StatusCode = typeof STATUS_CODE[keyof typeof STATUS_CODE];

/** The phrase that goes with each status code. */
export const STATUS_TEXT = {
  [STATUS_CODE.SwitchingProtocols]: "Switching Protocols",
  [STATUS_CODE.OK]: "OK",
  [STATUS_CODE.Accepted]: "Accepted",
  [STATUS_CODE.NoContent]: "No Content",
  [STATUS_CODE.NotModified]: "Not Modified",
  [STATUS_CODE.BadRequest]: "Bad Request",
  [STATUS_CODE.Unauthorized]: "Unauthorized",
  [STATUS_CODE.Forbidden]: "Forbidden",
  [STATUS_CODE.NotFound]: "Not Found",
  [STATUS_CODE.MethodNotAllowed]: "Method Not Allowed",
  [STATUS_CODE.RequestTimeout]: "Request Timeout",
  [STATUS_CODE.ContentTooLarge]: "Content Too Large",
  [STATUS_CODE.UnsupportedMediaType]: "Unsupported Media Type",
  [STATUS_CODE.ExpectationFailed]: "Expectation Failed",
  [STATUS_CODE.UnprocessableEntity]: "Unprocessable Entity",
  [STATUS_CODE.TooManyRequests]: "Too Many Requests",
  [STATUS_CODE.RequestHeaderFieldsTooLarge]: "Request Header Fields Too Large",
  [STATUS_CODE.InternalServerError]: "Internal Server Error",
  [STATUS_CODE.NotImplemented]: "Not Implemented",
  [STATUS_CODE.ServiceUnavailable]: "Service Unavailable",
  [STATUS_CODE.HTTPVersionNotSupported]: "HTTP Version Not Supported",
} as const;

/** One of the phrases above. */
export type StatusText = typeof STATUS_TEXT[keyof typeof STATUS_TEXT];
