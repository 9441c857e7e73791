// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {IERC1271} from "@openzeppelin/contracts/interfaces/IERC1271.sol";
import {ECDSA} from "@openzeppelin/contracts/utils/cryptography/ECDSA.sol";
import {EIP712} from "@openzeppelin/contracts/utils/cryptography/EIP712.sol";
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

/// @dev A contract wallet whose owner may change, and which wants the hash signed in a message of its own.
contract OwnedWallet is IERC1271, EIP712("Owned Wallet", "1") {
    bytes32 private constant MESSAGE_TYPEHASH = keccak256("WalletMessage(bytes32 hash)");
    address private _owner;

    constructor(address owner) {
        _owner = owner;
    }

    function setOwner(address owner) external {
        _owner = owner;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        bytes32 digest = _hashTypedDataV4(keccak256(abi.encode(MESSAGE_TYPEHASH, hash)));
        return ECDSA.recoverCalldata(digest, signature) == _owner ? IERC1271.isValidSignature.selector : bytes4(0);
    }
}
