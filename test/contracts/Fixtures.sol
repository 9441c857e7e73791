// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {INodeRegistry} from "../../contracts/INodeRegistry.sol";

/// @dev A contract wallet that one key controls.
contract KeyWallet is IERC1271 {
    address private immutable _key;

    constructor(address key) {
        _key = key;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        return ECDSA.recoverCalldata(hash, signature) == _key ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}

/// @dev Answers every question with the same bytes.
contract ParrotWallet {
    bytes private _answer;

    constructor(bytes memory answer) {
        _answer = answer;
    }

    fallback(bytes calldata) external returns (bytes memory) {
        return _answer;
    }
}

/// @dev Takes all the gas that it is given.
contract BurningWallet {
    fallback() external {
        while (true) {}
    }
}

/// @dev Says yes, then as much more as its gas allows.
contract ShoutingWallet {
    fallback() external {
        bytes4 magic = IERC1271.isValidSignature.selector;
        assembly ("memory-safe") {
            mstore(0, magic)
            return(0, 200000)
        }
    }
}

/// @dev Operates a node but takes no money back.
contract RefusingOperator {
    function register(
        INodeRegistry registry,
        bytes32 x,
        bytes32 y,
        uint256 shards,
        INodeRegistry.Addresses calldata addresses,
        bytes calldata proof
    ) external payable {
        registry.register{value: msg.value}(x, y, shards, addresses, proof);
    }

    function startLeaving(INodeRegistry registry, bytes32 node) external {
        registry.startLeaving(node);
    }
}
