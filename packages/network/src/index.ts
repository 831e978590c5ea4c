// What the command line composes of the network.
export { type Network, type NetworkOptions, startNetwork } from './network.ts'
