// SPDX-License-Identifier: Apache-2.0
pragma solidity ^0.8.28;

interface IArbSys {
    function arbBlockNumber() external view returns (uint256);
}

/// @title The chain's own block number
/// @notice On Orbit chains `block.number` is an ancestor chain's; ArbSys knows the chain's own.
abstract contract ChainBlock {
    address private constant ARB_SYS = address(0x64);

    /// @notice The block that holds this contract's creation: no event of it is older.
    uint48 public immutable DEPLOYED_BLOCK;

    bool private immutable _hasArbSys;

    constructor() {
        _hasArbSys = ARB_SYS.code.length > 0;
        DEPLOYED_BLOCK = _blockNumber();
    }

    function _blockNumber() internal view returns (uint48) {
        return uint48(_hasArbSys ? IArbSys(ARB_SYS).arbBlockNumber() : block.number);
    }
}
