// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";

/// @title P-256 signatures (r ‖ s, 64 bytes) by precompile, with OpenZeppelin's Solidity as fallback
library P256Signature {
    address private constant PRECOMPILE = address(0x100);
    uint256 private constant SIGNATURE_BYTES = 64;

    /// @notice True if (x, y) signed SHA-256(message). A high s is normalised first: Node.js and WebCrypto make both.
    function isValid(bytes memory message, bytes calldata signature, bytes32 x, bytes32 y)
        internal
        view
        returns (bool)
    {
        if (signature.length != SIGNATURE_BYTES) return false;
        bytes32 r = bytes32(signature[:32]);
        uint256 s = uint256(bytes32(signature[32:]));
        if (s > P256.N / 2 && s < P256.N) s = P256.N - s;
        bytes32 digest = sha256(message);
        return _verifiesNatively(digest, r, bytes32(s), x, y) || P256.verifySolidity(digest, r, bytes32(s), x, y);
    }

    /// @dev Where the precompile is missing the call succeeds with no data, so only one word equal to 1 counts.
    function _verifiesNatively(bytes32 digest, bytes32 r, bytes32 s, bytes32 x, bytes32 y)
        private
        view
        returns (bool)
    {
        (bool success, bytes memory answer) = PRECOMPILE.staticcall(abi.encode(digest, r, s, x, y));
        return success && answer.length == 32 && abi.decode(answer, (uint256)) == 1;
    }
}
