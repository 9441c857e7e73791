// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {WebAuthn} from "@openzeppelin/contracts/utils/cryptography/WebAuthn.sol";

/// @title A wallet whose one key is a passkey (WebAuthn, P-256)
/// @notice It answers whether the passkey signed a hash (ERC-1271), and does nothing else: it holds nothing and calls
/// nobody. A signature is abi.encode(r, s, challengeIndex, typeIndex, authenticatorData, clientDataJSON), the fields of
/// OpenZeppelin's WebAuthnAuth; the challenge is the hash, and the authenticator has verified its user.
/// @dev {PasskeyWallets} makes clones that carry their key (x, y) in their code. The contract that they are clones of
/// has no key, so nobody signs for it.
contract PasskeyWallet is IERC1271 {
    /// @inheritdoc IERC1271
    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        (bool isDecoded, WebAuthn.WebAuthnAuth calldata auth) = WebAuthn.tryDecodeAuth(signature);
        if (!isDecoded) return bytes4(0);
        (bytes32 x, bytes32 y) = abi.decode(Clones.fetchCloneArgs(address(this)), (bytes32, bytes32));
        bool isSigned = WebAuthn.verify(abi.encodePacked(hash), auth, x, y);
        return isSigned ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
