/** Why Baton cannot start, in words for the person who started it. Ends the launcher with exit code 1. */
export class StartError extends Error {}
