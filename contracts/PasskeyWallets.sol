// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

import {Clones} from "@openzeppelin/contracts/proxy/Clones.sol";
import {Address} from "@openzeppelin/contracts/utils/Address.sol";
import {P256} from "@openzeppelin/contracts/utils/cryptography/P256.sol";
import {PasskeyWallet} from "./PasskeyWallet.sol";

/// @title Makes the wallets of passkeys, each at an address that follows from its key
/// @notice It has no owner and no rights anywhere: whoever calls it only saves a transaction.
contract PasskeyWallets {
    struct Key {
        bytes32 x;
        bytes32 y;
    }

    /// @notice What all wallets are clones of; the first contract that this one has made.
    address public immutable IMPLEMENTATION = address(new PasskeyWallet());

    /// @notice (x, y) is no point of P-256, so that nobody could sign.
    error BadKey(bytes32 x, bytes32 y);

    /// @notice The address of a key's wallet, whether it is there yet or not.
    function walletOf(Key calldata key) public view returns (address) {
        return Clones.predictDeterministicAddressWithImmutableArgs(IMPLEMENTATION, abi.encode(key), bytes32(0));
    }

    /// @notice Makes a key's wallet, unless it is there.
    function create(Key calldata key) public returns (address wallet) {
        wallet = walletOf(key);
        if (wallet.code.length > 0) return wallet;
        if (!P256.isValidPublicKey(key.x, key.y)) revert BadKey(key.x, key.y);
        Clones.cloneDeterministicWithImmutableArgs(IMPLEMENTATION, abi.encode(key), bytes32(0));
    }

    /// @notice Makes the wallets of keys, then calls a contract that asks them: all of it or nothing.
    function createAndCall(Key[] calldata keys, address target, bytes calldata data) external returns (bytes memory) {
        for (uint256 i = 0; i < keys.length; ++i) {
            create(keys[i]);
        }
        return Address.functionCall(target, data);
    }
}
