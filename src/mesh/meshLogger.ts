/** The part of pino's logger that the mesh uses. It is never given keys or payloads. */
export type MeshLogger = {
  readonly debug: (fields: object, message: string) => void;
  readonly info: (fields: object, message: string) => void;
  readonly warn: (fields: object, message: string) => void;
};
