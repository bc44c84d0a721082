/**
 * The one error class and the one table of error codes.
 *
 * A code is `owner.what`. The table gives each code the HTTP status that the edge answers with, whether it is worth
 * trying again, and the sentence a user may read. `details` and `cause` are for the log and never leave the process.
 */

export type Retry = 'never' | 'now' | 'later';

export interface ErrorSpec {
  /** HTTP status at the gateway. */
  readonly http: number;
  readonly retry: Retry;
  /** A sentence for the user: no host, path, prompt or key in it. */
  readonly say: string;
}

export const ERRORS = {
  internal: { http: 500, retry: 'later', say: 'Something went wrong on our side.' },
  'request.invalid': { http: 400, retry: 'never', say: 'The request is not valid.' },
  'request.not_found': { http: 404, retry: 'never', say: 'There is nothing here.' },
  'request.method_not_allowed': { http: 405, retry: 'never', say: 'This address does not take that method.' },
  'request.timeout': { http: 408, retry: 'now', say: 'The request did not arrive in time.' },
  'request.too_large': { http: 413, retry: 'never', say: 'The request is too large.' },
  'request.unsupported_media_type': { http: 415, retry: 'never', say: 'Send the body as application/json.' },
  'request.too_many': { http: 429, retry: 'later', say: 'Too many requests. Please wait a moment.' },
  'call.timeout': {
    http: 504,
    retry: 'later',
    say: 'A part of Baton did not answer in time. Please try again.',
  },
  'call.unreachable': {
    http: 503,
    retry: 'later',
    say: 'A part of Baton is starting or down. Please try again.',
  },
  'call.refused': { http: 500, retry: 'never', say: 'Something went wrong on our side.' },
  'store.unavailable': {
    http: 503,
    retry: 'later',
    say: 'Storage is not available just now. Please try again.',
  },
  'auth.required': { http: 401, retry: 'never', say: 'Please log in.' },
  'auth.token_expired': { http: 401, retry: 'now', say: 'Your session has expired. Please log in again.' },
  'auth.invalid_credentials': { http: 401, retry: 'never', say: 'The user name or the password is wrong.' },
  'auth.invalid_refresh': { http: 401, retry: 'never', say: 'Your session has ended. Please log in again.' },
  'auth.forbidden': { http: 403, retry: 'never', say: 'You are not allowed to do this.' },
  'auth.foreign_origin': {
    http: 403,
    retry: 'never',
    say: 'Another site may not use this session.',
  },
  'auth.ops_pass_required': {
    http: 401,
    retry: 'never',
    say: 'Open this page from the menu of an administrator who is logged in.',
  },
  'auth.account_disabled': { http: 403, retry: 'never', say: 'This account is disabled.' },
  'user.name_taken': { http: 409, retry: 'never', say: 'This user name is taken. Please choose another.' },
  'user.email_taken': { http: 409, retry: 'never', say: 'This e-mail address is already used.' },
  'user.registration_closed': {
    http: 403,
    retry: 'never',
    say: 'Registration is closed. Ask the administrator for an account.',
  },
  'user.limit_reached': {
    http: 403,
    retry: 'never',
    say: 'This installation has reached its number of users.',
  },
  'chat.not_found': { http: 404, retry: 'never', say: 'This chat does not exist.' },
  'chat.message_not_found': { http: 404, retry: 'never', say: 'This message does not exist.' },
  'chat.model_required': { http: 422, retry: 'never', say: 'Choose a model for this chat first.' },
  'chat.busy': { http: 409, retry: 'later', say: 'This chat is still answering. Wait, or stop the answer.' },
  'reply.not_found': { http: 404, retry: 'never', say: 'This reply does not exist.' },
  'reply.interrupted': { http: 503, retry: 'now', say: 'The answer was interrupted. You can send it again.' },
  'model.unknown': {
    http: 422,
    retry: 'never',
    say: 'This model is not installed. Choose one from the list.',
  },
  'image.not_found': { http: 404, retry: 'never', say: 'This image does not exist.' },
  'image.interrupted': {
    http: 503,
    retry: 'now',
    say: 'The image was interrupted. You can ask for it again.',
  },
  'image.workflow_rejected': { http: 502, retry: 'never', say: 'ComfyUI did not accept the workflow.' },
  'image.render_failed': { http: 502, retry: 'now', say: 'The image could not be made.' },
  'engine.unavailable': {
    http: 503,
    retry: 'later',
    say: 'The model server is not there. Your request can be sent again.',
  },
  'engine.start_failed': { http: 502, retry: 'later', say: 'The model server did not start.' },
  'engine.failed': { http: 502, retry: 'now', say: 'The model server reported an error.' },
  'engine.out_of_memory': { http: 503, retry: 'later', say: 'The GPU has too little memory for this.' },
  'engine.truncated': { http: 502, retry: 'now', say: 'The answer ended before it was complete.' },
  'engine.rejected': { http: 502, retry: 'never', say: 'The model server did not accept the request.' },
  'engine.stalled': { http: 504, retry: 'now', say: 'The model server went silent. You can send it again.' },
  'engine.unknown': { http: 400, retry: 'never', say: 'There is no such engine. Use ollama or comfyui.' },
  'engine.not_ours': {
    http: 409,
    retry: 'never',
    say: 'This engine was running before Baton and is not Baton’s to stop. Restart it where you started it.',
  },
  'engine.no_logs': {
    http: 409,
    retry: 'never',
    say: 'What this engine prints cannot be read from here. Look where it was started.',
  },
  'gpu.lease_lost': { http: 409, retry: 'now', say: 'The GPU was taken back. Please try again.' },
  'gpu.lease_required': { http: 403, retry: 'never', say: 'The GPU engines are reached with a lease only.' },
  'gpu.stale_fence': { http: 409, retry: 'never', say: 'This GPU turn is over.' },
  'gpu.swap_failed': {
    http: 503,
    retry: 'later',
    say: 'The GPU could not be handed over. Please try again.',
  },
  'gpu.job_cancelled': { http: 409, retry: 'never', say: 'The request was stopped.' },
  'gpu.user_limit': {
    http: 429,
    retry: 'later',
    say: 'You have as many requests waiting as one person may have. Wait for one to finish.',
  },
  'gpu.overloaded': {
    http: 503,
    retry: 'later',
    say: 'Too much is waiting for the GPU already. Please try again later.',
  },
  'gpu.wait_too_long': { http: 503, retry: 'later', say: 'The GPU was busy for too long. Please try again.' },
  'chat.file_invalid': { http: 422, retry: 'never', say: 'This file is not a chat exported from Baton.' },
  'chat.too_long': { http: 422, retry: 'never', say: 'This chat is too long for that.' },
  'message.being_written': {
    http: 409,
    retry: 'later',
    say: 'This message is still being written. Wait, or stop it.',
  },
  'reply.not_waiting': { http: 409, retry: 'never', say: 'This answer does not wait for the GPU any more.' },
  'reply.not_json': { http: 502, retry: 'now', say: 'The model did not answer in the wanted format.' },
  'model.no_vision': {
    http: 422,
    retry: 'never',
    say: 'This model cannot see pictures. Choose one that can.',
  },
  'model.no_thinking': {
    http: 422,
    retry: 'never',
    say: 'This model cannot think aloud. Switch thinking off, or choose one that can.',
  },
  'model.none_installed': {
    http: 503,
    retry: 'later',
    say: 'No model is installed. An administrator can download one.',
  },
  'model.in_use': {
    http: 409,
    retry: 'later',
    say: 'This model is in use. Try again when its answers are done.',
  },
  'model.pull_failed': { http: 502, retry: 'later', say: 'The model could not be downloaded.' },
  'model.cannot_change': {
    http: 409,
    retry: 'never',
    say: 'The models of this server cannot be changed from here.',
  },
  'server.unknown': { http: 422, retry: 'never', say: 'This model server is not configured.' },
  'pull.model_unknown': {
    http: 422,
    retry: 'never',
    say: 'There is no model of this name to download. Check the name and its tag.',
  },
  'pull.not_found': { http: 404, retry: 'never', say: 'This download does not exist.' },
  'local.not_installed': {
    http: 409,
    retry: 'never',
    say: 'The CPU engine is not installed on this machine.',
  },
  'local.model_unreadable': {
    http: 409,
    retry: 'never',
    say: 'The model of the CPU engine is missing, or is no file that it can read.',
  },
  'local.not_set_up': { http: 409, retry: 'never', say: 'The CPU engine is not set up here.' },
  'experiment.not_found': { http: 404, retry: 'never', say: 'This comparison does not exist.' },
  'experiment.model_taken': {
    http: 409,
    retry: 'never',
    say: 'Another comparison of this model is running. End it first.',
  },
  'batch.not_found': { http: 404, retry: 'never', say: 'This batch does not exist.' },
  'batch.too_many': {
    http: 429,
    retry: 'later',
    say: 'You have as many open batches as one person may have.',
  },
  'search.not_set_up': {
    http: 409,
    retry: 'never',
    say: 'Web search is not set up: an administrator can add a key.',
  },
  'search.failed': {
    http: 502,
    retry: 'later',
    say: 'The web search did not work. Try again, or ask without it.',
  },
  'image.not_an_image': {
    http: 422,
    retry: 'never',
    say: 'This file is not a picture that can be read. Use PNG, JPEG, WebP, GIF or AVIF.',
  },
  'image.too_many_pixels': { http: 422, retry: 'never', say: 'This picture has too many pixels.' },
  'image.quota_reached': {
    http: 403,
    retry: 'never',
    say: 'Your storage for pictures is full. Delete some first.',
  },
  'image.no_upscaler': {
    http: 409,
    retry: 'never',
    say: 'No workflow for larger pictures is configured here.',
  },
  'image.link_expired': { http: 404, retry: 'never', say: 'This address of a picture is no longer good.' },
  'image.workflow_invalid': {
    http: 500,
    retry: 'never',
    say: 'The workflow of this installation does not fit its ComfyUI.',
  },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

export function isErrorCode(value: unknown): value is ErrorCode {
  return typeof value === 'string' && Object.hasOwn(ERRORS, value);
}

/** One wrong field of a request: `path` like `messages.0.text`, `message` says what would be right. */
export interface FieldIssue {
  readonly path: string;
  readonly message: string;
}

export interface AppErrorOptions {
  readonly cause?: unknown;
  /** Wrong fields; unlike `details` these are shown to the user. */
  readonly issues?: readonly FieldIssue[];
}

export class AppError extends Error {
  override readonly name = 'AppError';
  readonly code: ErrorCode;
  readonly details: Readonly<Record<string, unknown>>;
  readonly issues: readonly FieldIssue[];

  constructor(
    code: ErrorCode,
    details: Readonly<Record<string, unknown>> = {},
    options: AppErrorOptions = {},
  ) {
    super(code, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.details = details;
    this.issues = options.issues ?? [];
  }

  get spec(): ErrorSpec {
    return ERRORS[this.code];
  }
}

/** The code of any thrown thing: an AppError's own, else `internal`. */
export function codeOf(error: unknown): ErrorCode {
  return error instanceof AppError ? error.code : 'internal';
}
