/** The primitives that both backends export under these very names; `#crypto` picks one by platform. */
export type KeyPair = { readonly publicKey: Uint8Array; readonly privateKey: Uint8Array };

export type CryptoBackend = {
  readonly randomBytes: (length: number) => Uint8Array;
  readonly sha256: (bytes: Uint8Array) => Uint8Array;
  /** The first four bytes of it, big-endian: all that a search for a proof of work looks at, and cheaper. */
  readonly sha256Start: (bytes: Uint8Array) => number;
  /** FIPS 202: as many bytes as asked for. */
  readonly shake256: (params: { bytes: Uint8Array; length: number }) => Uint8Array;
  readonly hmacSha256: (params: { key: Uint8Array; bytes: Uint8Array }) => Uint8Array;
  /** RFC 5869 with SHA-256. */
  readonly hkdfExtract: (params: { salt: Uint8Array; ikm: Uint8Array }) => Uint8Array;
  readonly hkdfExpand: (params: { prk: Uint8Array; info: Uint8Array; length: number }) => Uint8Array;
  /**
   * RFC 7914 with r = 8 and p = 1: what a passphrase gives is as slow to guess as 2^log2N blocks of 1 KiB make it.
   */
  readonly scrypt: (params: {
    password: Uint8Array;
    salt: Uint8Array;
    log2N: number;
    length: number;
  }) => Promise<Uint8Array>;
  /** RFC 8439: ciphertext followed by the 16-byte tag. */
  readonly sealAead: (params: AeadParams & { plaintext: Uint8Array }) => Uint8Array;
  /** `undefined` if the tag does not fit. */
  readonly openAead: (params: AeadParams & { ciphertext: Uint8Array }) => Uint8Array | undefined;
  /** RFC 7748; private and public keys are 32 bytes. */
  readonly generateX25519: () => KeyPair;
  readonly x25519PublicKey: (privateKey: Uint8Array) => Uint8Array;
  /** `undefined` if the shared secret is all zero or the public key is not 32 bytes. */
  readonly x25519: (params: { privateKey: Uint8Array; publicKey: Uint8Array }) => Uint8Array | undefined;
  /** RFC 8032; the private key is the 32-byte seed. */
  readonly generateEd25519: () => KeyPair;
  readonly ed25519PublicKey: (privateKey: Uint8Array) => Uint8Array;
  readonly signEd25519: (params: { privateKey: Uint8Array; message: Uint8Array }) => Uint8Array;
  readonly verifyEd25519: (params: {
    publicKey: Uint8Array;
    message: Uint8Array;
    signature: Uint8Array;
  }) => boolean;
  /** P-256 with SHA-256: private key 32 bytes, public key 33 (compressed), signature r ‖ s (64 bytes), low s. */
  readonly generateP256: () => KeyPair;
  readonly p256PublicKey: (privateKey: Uint8Array) => Uint8Array;
  readonly signP256: (params: { privateKey: Uint8Array; message: Uint8Array }) => Uint8Array;
  /** The same point with both coordinates (SEC 1, 65 bytes); `undefined` for bytes that are no point. */
  readonly uncompressP256: (publicKey: Uint8Array) => Uint8Array | undefined;
  /** False for a high s. */
  readonly verifyP256: (params: {
    publicKey: Uint8Array;
    message: Uint8Array;
    signature: Uint8Array;
  }) => boolean;
};

export type AeadParams = { readonly key: Uint8Array; readonly nonce: Uint8Array; readonly aad: Uint8Array };
