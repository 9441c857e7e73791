// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";

/// @title Signatures of accounts and of contract wallets
library WalletSignature {
    /// @dev Enough for a wallet that verifies P-256 in Solidity; a wallet that wants more is refused.
    uint256 internal constant ERC1271_GAS = 500_000;

    /// @notice True if `signer` signed `digest` with its secp256k1 key or, having code, says so by ERC-1271.
    /// @dev The key comes first, since an account that delegates by EIP-7702 has both. A contract gets at most
    /// ERC1271_GAS and one word of its return data is read, so that it can neither burn the relayer's gas nor fill
    /// its memory. A call that starts with less gas than promised fails: the relayer's transaction reverts.
    function isValid(address signer, bytes32 digest, bytes calldata signature) internal view returns (bool valid) {
        (address recovered, ECDSA.RecoverError failure,) = ECDSA.tryRecoverCalldata(digest, signature);
        if (failure == ECDSA.RecoverError.NoError && recovered == signer) return true;
        if (signer.code.length == 0) return false;

        bytes memory question = abi.encodeCall(IERC1271.isValidSignature, (digest, signature));
        bytes4 magic = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            mstore(0x00, 0)
            let success := staticcall(ERC1271_GAS, signer, add(question, 0x20), mload(question), 0x00, 0x20)
            valid := and(success, and(gt(returndatasize(), 0x1f), eq(mload(0x00), magic)))
        }
    }
}
