/** Where the API writes what an operator should see; pino's loggers fit. */

export interface ApiLog {
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}
