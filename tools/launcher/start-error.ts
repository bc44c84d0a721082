/** Why Baton cannot start, in words for the person who started it. Ends the launcher with exit code 1. */
export class StartError extends Error {}

/** A port was free when it was chosen and taken when it was to be used: with others it may go well. */
export class PortTakenError extends StartError {}
