/** Injection tokens of the clients for the other services. */
export const CHAT_SERVICE = Symbol('CHAT_SERVICE');
export const IMAGE_SERVICE = Symbol('IMAGE_SERVICE');
export const GPU_SCHEDULER = Symbol('GPU_SCHEDULER');
