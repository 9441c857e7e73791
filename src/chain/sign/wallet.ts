import type { Hex } from "../../wire/ids.ts";

/** Typed data (EIP-712) in the form in which wallets take it. */
export type TypedData = {
  readonly domain: {
    readonly name?: string;
    readonly version?: string;
    readonly chainId: number;
    readonly verifyingContract: Hex;
  };
  readonly types: Readonly<Record<string, readonly { readonly name: string; readonly type: string }[]>>;
  readonly primaryType: string;
  readonly message: Readonly<Record<string, unknown>>;
};

/** What signs for an address: an account's key, a hardware wallet or a contract wallet. A viem LocalAccount fits. */
export type Wallet = {
  readonly address: Hex;
  readonly signTypedData: (data: TypedData) => Promise<Hex>;
  /** The P-256 key of a passkey (x ‖ y, 64 bytes): whoever relays the first record of such a wallet makes its contract. */
  readonly passkey?: Uint8Array;
};
