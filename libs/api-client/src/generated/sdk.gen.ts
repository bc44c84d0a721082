// This file is generated from the gateway’s OpenAPI document. Do not edit.
// @ts-nocheck

import { client } from './client.gen.ts';
import { type Client, formDataBodySerializer, type Options as Options2, type TDataShape } from './client/index.ts';
import type { AuthChangePasswordData, AuthChangePasswordErrors, AuthChangePasswordResponses, AuthLoginData, AuthLoginErrors, AuthLoginResponses, AuthLogoutData, AuthLogoutErrors, AuthLogoutResponses, AuthMeData, AuthMeErrors, AuthMeResponses, AuthRefreshData, AuthRefreshErrors, AuthRefreshResponses, AuthRegisterData, AuthRegisterErrors, AuthRegisterResponses, AuthUpdateMeData, AuthUpdateMeErrors, AuthUpdateMeResponses, AuthVerifyData, AuthVerifyErrors, AuthVerifyResponses, BatchesCancelData, BatchesCancelErrors, BatchesCancelResponses, BatchesCreateData, BatchesCreateErrors, BatchesCreateResponses, BatchesDeleteData, BatchesDeleteErrors, BatchesDeleteResponses, BatchesGetData, BatchesGetErrors, BatchesGetResponses, BatchesListData, BatchesListErrors, BatchesListResponses, BatchesResultsData, BatchesResultsErrors, BatchesResultsResponses, ChatAskData, ChatAskErrors, ChatAskResponses, ChatCancelData, ChatCancelErrors, ChatCancelResponses, ChatCancelTaskData, ChatCancelTaskErrors, ChatCancelTaskResponses, ChatsCancelData, ChatsCancelErrors, ChatsCancelResponses, ChatsCreateData, ChatsCreateErrors, ChatsCreateResponses, ChatsDeleteData, ChatsDeleteErrors, ChatsDeleteResponses, ChatSearchData, ChatSearchErrors, ChatSearchResponses, ChatSessionCreateData, ChatSessionCreateErrors, ChatSessionCreateResponses, ChatSessionGetData, ChatSessionGetErrors, ChatSessionGetResponses, ChatsExportData, ChatsExportErrors, ChatsExportResponses, ChatsGetData, ChatsGetErrors, ChatsGetResponses, ChatsImportData, ChatsImportErrors, ChatsImportResponses, ChatsListData, ChatsListErrors, ChatsListResponses, ChatsUpdateData, ChatsUpdateErrors, ChatsUpdateResponses, DialoguesEventsData, DialoguesEventsErrors, DialoguesEventsResponse, DialoguesEventsResponses, DialoguesGetData, DialoguesGetErrors, DialoguesGetResponses, DialoguesResumeData, DialoguesResumeErrors, DialoguesResumeResponses, DialoguesStartData, DialoguesStartErrors, DialoguesStartResponses, DialoguesStopData, DialoguesStopErrors, DialoguesStopResponses, ExperimentsCreateData, ExperimentsCreateErrors, ExperimentsCreateResponses, ExperimentsEndData, ExperimentsEndErrors, ExperimentsEndResponses, ExperimentsListData, ExperimentsListErrors, ExperimentsListResponses, GpuEventsData, GpuEventsErrors, GpuEventsResponse, GpuEventsResponses, GpuHistoryData, GpuHistoryErrors, GpuHistoryResponses, GpuNodesData, GpuNodesErrors, GpuNodesResponses, GpuQueueData, GpuQueueErrors, GpuQueueResponses, GpuStatusData, GpuStatusErrors, GpuStatusResponses, HealthLiveData, HealthLiveErrors, HealthLiveResponses, HealthReadyData, HealthReadyErrors, HealthReadyResponses, ImagesChangeData, ImagesChangeErrors, ImagesChangeResponses, ImagesDeleteData, ImagesDeleteErrors, ImagesDeleteResponses, ImagesFileData, ImagesFileErrors, ImagesFileResponses, ImagesGalleryData, ImagesGalleryErrors, ImagesGalleryResponses, ImagesGenerateData, ImagesGenerateErrors, ImagesGenerateResponses, ImagesGenerateStreamData, ImagesGenerateStreamErrors, ImagesGenerateStreamResponse, ImagesGenerateStreamResponses, ImagesLinkData, ImagesLinkErrors, ImagesLinkResponses, ImagesListData, ImagesListErrors, ImagesListResponses, ImagesOpenLinkData, ImagesOpenLinkErrors, ImagesOpenLinkResponses, ImagesPreviewData, ImagesPreviewErrors, ImagesPreviewResponses, ImagesThumbnailData, ImagesThumbnailErrors, ImagesThumbnailResponses, ImagesUploadData, ImagesUploadErrors, ImagesUploadResponses, ImagesUpscaleData, ImagesUpscaleErrors, ImagesUpscaleResponses, ImagesVaryData, ImagesVaryErrors, ImagesVaryResponses, MessagesDeleteData, MessagesDeleteErrors, MessagesDeleteResponses, MessagesEditData, MessagesEditErrors, MessagesEditResponses, MessagesRateData, MessagesRateErrors, MessagesRateResponses, MessagesRegenerateData, MessagesRegenerateErrors, MessagesRegenerateResponses, MessagesSelectData, MessagesSelectErrors, MessagesSelectResponses, MessagesSendData, MessagesSendErrors, MessagesSendResponses, MetricsData, MetricsErrors, MetricsResponses, ModelsDeleteData, ModelsDeleteErrors, ModelsDeleteResponses, ModelsListData, ModelsListErrors, ModelsListResponses, ModelsLoadData, ModelsLoadErrors, ModelsLoadResponses, ModelsPullCancelData, ModelsPullCancelErrors, ModelsPullCancelResponses, ModelsPullData, ModelsPullErrors, ModelsPullEventsData, ModelsPullEventsErrors, ModelsPullEventsResponse, ModelsPullEventsResponses, ModelsPullResponses, ModelsPullsData, ModelsPullsErrors, ModelsPullsResponses, ModelsServerData, ModelsServerErrors, ModelsServerResponses, ModelsServersData, ModelsServersErrors, ModelsServersResponses, ModelsTasksData, ModelsTasksErrors, ModelsTasksResponses, ModelsUnloadData, ModelsUnloadErrors, ModelsUnloadFromGpuData, ModelsUnloadFromGpuErrors, ModelsUnloadFromGpuResponses, ModelsUnloadResponses, OpsPassData, OpsPassErrors, OpsPassResponses, ProcessCardHistoryData, ProcessCardHistoryErrors, ProcessCardHistoryResponses, ProcessLogsData, ProcessLogsErrors, ProcessLogsResponses, ProcessRestartData, ProcessRestartErrors, ProcessRestartResponses, ProcessStatusData, ProcessStatusErrors, ProcessStatusResponses, ProcessSwitchData, ProcessSwitchErrors, ProcessSwitchResponses, RepliesAnswerNowData, RepliesAnswerNowErrors, RepliesAnswerNowResponses, RepliesCancelAllData, RepliesCancelAllErrors, RepliesCancelAllResponses, RepliesCancelData, RepliesCancelErrors, RepliesCancelResponses, RepliesEventsData, RepliesEventsErrors, RepliesEventsResponse, RepliesEventsResponses, RepliesGetData, RepliesGetErrors, RepliesGetResponses } from './types.gen.ts';

export type Options<TData extends TDataShape = TDataShape, ThrowOnError extends boolean = boolean, TResponse = unknown> = Options2<TData, ThrowOnError, TResponse> & {
    /**
     * You can provide a client instance returned by `createClient()` instead of
     * individual options. This might be also useful if you want to implement a
     * custom client.
     */
    client?: Client;
    /**
     * You can pass arbitrary values through the `meta` object. This can be
     * used to access values that aren't defined as part of the SDK function.
     */
    meta?: Record<string, unknown>;
};

/**
 * Create an account and log in
 *
 * The first account of an installation becomes its administrator.
 */
export const authRegister = <ThrowOnError extends boolean = false>(options: Options<AuthRegisterData, ThrowOnError>) => (options.client ?? client).post<AuthRegisterResponses, AuthRegisterErrors, ThrowOnError>({
    url: '/api/auth/register',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Log in with a user name or an e-mail address
 */
export const authLogin = <ThrowOnError extends boolean = false>(options: Options<AuthLoginData, ThrowOnError>) => (options.client ?? client).post<AuthLoginResponses, AuthLoginErrors, ThrowOnError>({
    url: '/api/auth/login',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Exchange the refresh cookie for a new session
 *
 * Each refresh token is used once. One that comes back later ends the login it belongs to.
 */
export const authRefresh = <ThrowOnError extends boolean = false>(options?: Options<AuthRefreshData, ThrowOnError>) => (options?.client ?? client).post<AuthRefreshResponses, AuthRefreshErrors, ThrowOnError>({
    security: [{
            in: 'cookie',
            name: 'baton_refresh',
            type: 'apiKey'
        }],
    url: '/api/auth/refresh',
    ...options
});

/**
 * End this login
 *
 * Forgets the refresh token on both sides. Without one there is nothing to end, and that is no error.
 */
export const authLogout = <ThrowOnError extends boolean = false>(options?: Options<AuthLogoutData, ThrowOnError>) => (options?.client ?? client).post<AuthLogoutResponses, AuthLogoutErrors, ThrowOnError>({
    security: [{
            in: 'cookie',
            name: 'baton_refresh',
            type: 'apiKey'
        }],
    url: '/api/auth/logout',
    ...options
});

/**
 * Is this access token good, and whose is it
 */
export const authVerify = <ThrowOnError extends boolean = false>(options?: Options<AuthVerifyData, ThrowOnError>) => (options?.client ?? client).get<AuthVerifyResponses, AuthVerifyErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/auth/verify',
    ...options
});

/**
 * Your account
 */
export const authMe = <ThrowOnError extends boolean = false>(options?: Options<AuthMeData, ThrowOnError>) => (options?.client ?? client).get<AuthMeResponses, AuthMeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/auth/me',
    ...options
});

/**
 * Change your account
 */
export const authUpdateMe = <ThrowOnError extends boolean = false>(options: Options<AuthUpdateMeData, ThrowOnError>) => (options.client ?? client).patch<AuthUpdateMeResponses, AuthUpdateMeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/auth/me',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Change your password
 *
 * Ends all your logins everywhere; the answer is a new one for you.
 */
export const authChangePassword = <ThrowOnError extends boolean = false>(options: Options<AuthChangePasswordData, ThrowOnError>) => (options.client ?? client).post<AuthChangePasswordResponses, AuthChangePasswordErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/auth/password',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * List your chats, or find them by text
 *
 * Pinned chats first, then the latest. With `q`, chats whose title and messages hold words that begin like each of those.
 */
export const chatsList = <ThrowOnError extends boolean = false>(options?: Options<ChatsListData, ThrowOnError>) => (options?.client ?? client).get<ChatsListResponses, ChatsListErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats',
    ...options
});

/**
 * Begin a chat
 */
export const chatsCreate = <ThrowOnError extends boolean = false>(options: Options<ChatsCreateData, ThrowOnError>) => (options.client ?? client).post<ChatsCreateResponses, ChatsCreateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Delete a chat and its messages
 */
export const chatsDelete = <ThrowOnError extends boolean = false>(options: Options<ChatsDeleteData, ThrowOnError>) => (options.client ?? client).delete<ChatsDeleteResponses, ChatsDeleteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{id}',
    ...options
});

/**
 * A chat with its newest messages
 *
 * Messages of the branch that is shown, oldest first. `previous_cursor` goes into `before` for those before them.
 */
export const chatsGet = <ThrowOnError extends boolean = false>(options: Options<ChatsGetData, ThrowOnError>) => (options.client ?? client).get<ChatsGetResponses, ChatsGetErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{id}',
    ...options
});

/**
 * Change a chat
 *
 * Only the fields that are sent are changed; `null` takes a setting back to its default.
 */
export const chatsUpdate = <ThrowOnError extends boolean = false>(options: Options<ChatsUpdateData, ThrowOnError>) => (options.client ?? client).put<ChatsUpdateResponses, ChatsUpdateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{id}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Send a message
 *
 * Answers as soon as the message is stored; the reply is then read from `GET /api/replies/{reply.id}/events`. With `Accept: text/event-stream` the answer is that stream itself, opened by an event `sent` with the JSON of the 201. Leaving the stream does not stop the reply.
 */
export const messagesSend = <ThrowOnError extends boolean = false>(options: Options<MessagesSendData, ThrowOnError>) => (options.client ?? client).post<MessagesSendResponses, MessagesSendErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{id}/messages',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Answer a question again
 *
 * Another version beside the old answer, which stays: `POST …/select` shows it again. Without a body as before, but never from the cache.
 */
export const messagesRegenerate = <ThrowOnError extends boolean = false>(options: Options<MessagesRegenerateData, ThrowOnError>) => (options.client ?? client).post<MessagesRegenerateResponses, MessagesRegenerateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{chat_id}/messages/{message_id}/regenerate',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Delete a message
 *
 * This one only: what followed it follows the message before. One that is being written is stopped first.
 */
export const messagesDelete = <ThrowOnError extends boolean = false>(options: Options<MessagesDeleteData, ThrowOnError>) => (options.client ?? client).delete<MessagesDeleteResponses, MessagesDeleteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{chat_id}/messages/{message_id}',
    ...options
});

/**
 * Change the words of a message
 *
 * Yours or an answer. Nothing is answered anew: to ask differently, send a message with `replaces`.
 */
export const messagesEdit = <ThrowOnError extends boolean = false>(options: Options<MessagesEditData, ThrowOnError>) => (options.client ?? client).put<MessagesEditResponses, MessagesEditErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{chat_id}/messages/{message_id}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Show the branch of a message
 *
 * The branch that this message is on is shown from now on, down to its newest end.
 */
export const messagesSelect = <ThrowOnError extends boolean = false>(options: Options<MessagesSelectData, ThrowOnError>) => (options.client ?? client).post<MessagesSelectResponses, MessagesSelectErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{chat_id}/messages/{message_id}/select',
    ...options
});

/**
 * Rate an answer
 *
 * `null` takes the rating back.
 */
export const messagesRate = <ThrowOnError extends boolean = false>(options: Options<MessagesRateData, ThrowOnError>) => (options.client ?? client).put<MessagesRateResponses, MessagesRateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{chat_id}/messages/{message_id}/rating',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Save a chat as a file
 *
 * Markdown is the branch that is shown, for reading; JSON is every branch, for `POST /api/chats/import`. Pictures are not part of the file.
 */
export const chatsExport = <ThrowOnError extends boolean = false>(options: Options<ChatsExportData, ThrowOnError>) => (options.client ?? client).get<ChatsExportResponses, ChatsExportErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{id}/export',
    ...options
});

/**
 * Make a chat out of a file
 *
 * A file that an export with `format=json` wrote, up to 16 MiB. It becomes a new chat of yours.
 */
export const chatsImport = <ThrowOnError extends boolean = false>(options: Options<ChatsImportData, ThrowOnError>) => (options.client ?? client).post<ChatsImportResponses, ChatsImportErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/import',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * A reply, or the message of an image request, as it stands
 */
export const repliesGet = <ThrowOnError extends boolean = false>(options: Options<RepliesGetData, ThrowOnError>) => (options.client ?? client).get<RepliesGetResponses, RepliesGetErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/replies/{id}',
    ...options
});

/**
 * Everything that happens to a reply, as it happens
 *
 * Server-sent events. `event` is the type, `data` the JSON, `id` the position to come back to. Waiting (with place, reason and estimate), swap, loading, text, image progress; the last event is `end`. Any number of readers may follow one reply, and leaving does not stop it. `reset` means: forget the text you have.
 */
export const repliesEvents = <ThrowOnError extends boolean = false>(options: Options<RepliesEventsData, ThrowOnError, RepliesEventsResponse>) => (options.client ?? client).sse.get<RepliesEventsResponses, RepliesEventsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/replies/{id}/events',
    ...options
});

/**
 * Stop a reply or a render
 *
 * In whatever state it is; one that has ended stays as it is. What was written so far is kept.
 */
export const repliesCancel = <ThrowOnError extends boolean = false>(options: Options<RepliesCancelData, ThrowOnError>) => (options.client ?? client).post<RepliesCancelResponses, RepliesCancelErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/replies/{id}/cancel',
    ...options
});

/**
 * Have the CPU answer a reply that waits for the GPU
 *
 * Its place in the queue is given back, and a small model on the CPU answers under the same id; `details` and `routed` in its events say so. `POST /api/chats/{chat_id}/messages/{id}/regenerate` with `{"engine": "gpu"}` has it answered again on the GPU.
 */
export const repliesAnswerNow = <ThrowOnError extends boolean = false>(options: Options<RepliesAnswerNowData, ThrowOnError>) => (options.client ?? client).post<RepliesAnswerNowResponses, RepliesAnswerNowErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/replies/{id}/answer-now',
    ...options
});

/**
 * Stop everything that is being made for you, or for one of your chats
 *
 * Answers when the replies have ended. What was written so far is kept.
 */
export const repliesCancelAll = <ThrowOnError extends boolean = false>(options: Options<RepliesCancelAllData, ThrowOnError>) => (options.client ?? client).post<RepliesCancelAllResponses, RepliesCancelAllErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/replies/cancel',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Stop everything that is being made for a chat
 *
 * The same as `POST /api/replies/cancel` with its `chat_id`.
 */
export const chatsCancel = <ThrowOnError extends boolean = false>(options: Options<ChatsCancelData, ThrowOnError>) => (options.client ?? client).post<ChatsCancelResponses, ChatsCancelErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chats/{id}/cancel',
    ...options
});

/**
 * Ask one question, without a chat
 *
 * Answers when the whole answer is there. Without `model` the `task_type` chooses one (`general_chat` if there is none), and `routing` says which and why. `pair`: one model plans, another writes by the plan. With `stream` the answer is a stream of the reply’s events, opened by `sent`; its last event is `end`. Who leaves before the end takes the question back. With `pair` the plan comes first, in events `plan`. Also at `/api/chat/`, with the slash.
 */
export const chatAsk = <ThrowOnError extends boolean = false>(options: Options<ChatAskData, ThrowOnError>) => (options.client ?? client).post<ChatAskResponses, ChatAskErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Ask with a web search
 *
 * The model writes the query, unless `query` gives one. The answer cites the pages as `[n]`; they are listed in `sources`. With `chat_id` it is a message of that chat. With `stream` the answer is a stream of the reply’s events, opened by `sent`; its last event is `end`. Who leaves before the end takes the question back.
 */
export const chatSearch = <ThrowOnError extends boolean = false>(options: Options<ChatSearchData, ThrowOnError>) => (options.client ?? client).post<ChatSearchResponses, ChatSearchErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/search',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * The models that can answer
 *
 * With the servers that have them, and what answers each kind of work. Looking does not use the GPU. `simulated` says that no real engine stands behind them.
 */
export const modelsList = <ThrowOnError extends boolean = false>(options?: Options<ModelsListData, ThrowOnError>) => (options?.client ?? client).get<ModelsListResponses, ModelsListErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/models',
    ...options
});

/**
 * Stop everything that is being made for you, or for one chat or session
 *
 * Answers when the replies have ended. What was written so far is kept.
 */
export const chatCancel = <ThrowOnError extends boolean = false>(options: Options<ChatCancelData, ThrowOnError>) => (options.client ?? client).post<ChatCancelResponses, ChatCancelErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/cancel',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Stop one answer
 *
 * A task is a reply: `task_id` of an answer, or `reply.id` of the event `sent`.
 */
export const chatCancelTask = <ThrowOnError extends boolean = false>(options: Options<ChatCancelTaskData, ThrowOnError>) => (options.client ?? client).post<ChatCancelTaskResponses, ChatCancelTaskErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/cancel/{task_id}',
    ...options
});

/**
 * Begin a session
 *
 * The same as `POST /api/chats`: its id is the id of a chat.
 */
export const chatSessionCreate = <ThrowOnError extends boolean = false>(options: Options<ChatSessionCreateData, ThrowOnError>) => (options.client ?? client).post<ChatSessionCreateResponses, ChatSessionCreateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/session',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * A session with its newest messages
 */
export const chatSessionGet = <ThrowOnError extends boolean = false>(options: Options<ChatSessionGetData, ThrowOnError>) => (options.client ?? client).get<ChatSessionGetResponses, ChatSessionGetErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/session/{session_id}',
    ...options
});

/**
 * Let models talk to each other
 *
 * The conversation is a chat of yours, and every turn a message of it. Answers at once; with `stream` the answer is the stream of its events, as of `GET /api/chat/multi-model/{chat_id}/events`. Leaving does not stop it.
 */
export const dialoguesStart = <ThrowOnError extends boolean = false>(options: Options<DialoguesStartData, ThrowOnError>) => (options.client ?? client).post<DialoguesStartResponses, DialoguesStartErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/multi-model',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * How far a chat between models is
 *
 * Its messages are those of `GET /api/chats/{chat_id}`.
 */
export const dialoguesGet = <ThrowOnError extends boolean = false>(options: Options<DialoguesGetData, ThrowOnError>) => (options.client ?? client).get<DialoguesGetResponses, DialoguesGetErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/multi-model/{chat_id}',
    ...options
});

/**
 * Everything that happens in a chat between models, as it happens
 *
 * Server-sent events: `dialogue`, then for every turn `turn` with its message and the events of that reply, each with `reply_id`; at the end `dialogue` once more. Every `id` is a position to come back to.
 */
export const dialoguesEvents = <ThrowOnError extends boolean = false>(options: Options<DialoguesEventsData, ThrowOnError, DialoguesEventsResponse>) => (options.client ?? client).sse.get<DialoguesEventsResponses, DialoguesEventsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/multi-model/{chat_id}/events',
    ...options
});

/**
 * Stop a chat between models
 *
 * Answers when the turn under way has ended. What was said is kept.
 */
export const dialoguesStop = <ThrowOnError extends boolean = false>(options: Options<DialoguesStopData, ThrowOnError>) => (options.client ?? client).post<DialoguesStopResponses, DialoguesStopErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/multi-model/{chat_id}/stop',
    ...options
});

/**
 * Go on with a chat between models
 *
 * A turn that was stopped or has failed is made again. One that runs or is done stays as it is.
 */
export const dialoguesResume = <ThrowOnError extends boolean = false>(options: Options<DialoguesResumeData, ThrowOnError>) => (options.client ?? client).post<DialoguesResumeResponses, DialoguesResumeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/multi-model/{chat_id}/resume',
    ...options
});

/**
 * Your batches, the newest first
 */
export const batchesList = <ThrowOnError extends boolean = false>(options?: Options<BatchesListData, ThrowOnError>) => (options?.client ?? client).get<BatchesListResponses, BatchesListErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/batch',
    ...options
});

/**
 * Ask many questions at once
 *
 * Each is answered by itself, without the others, when nobody waits for the GPU more urgently. Answers as soon as all are stored; a batch goes on after a restart.
 */
export const batchesCreate = <ThrowOnError extends boolean = false>(options: Options<BatchesCreateData, ThrowOnError>) => (options.client ?? client).post<BatchesCreateResponses, BatchesCreateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/batch',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Delete a batch and its answers
 *
 * One that runs is stopped first.
 */
export const batchesDelete = <ThrowOnError extends boolean = false>(options: Options<BatchesDeleteData, ThrowOnError>) => (options.client ?? client).delete<BatchesDeleteResponses, BatchesDeleteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/batch/{id}',
    ...options
});

/**
 * How far a batch is
 */
export const batchesGet = <ThrowOnError extends boolean = false>(options: Options<BatchesGetData, ThrowOnError>) => (options.client ?? client).get<BatchesGetResponses, BatchesGetErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/batch/{id}',
    ...options
});

/**
 * What a batch has come to so far
 *
 * One JSON object a line, in the order of the requests; those without an answer are there as well, and say so.
 */
export const batchesResults = <ThrowOnError extends boolean = false>(options: Options<BatchesResultsData, ThrowOnError>) => (options.client ?? client).get<BatchesResultsResponses, BatchesResultsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/batch/{id}/results',
    ...options
});

/**
 * Stop a batch
 *
 * What is answered is kept. One that is over stays as it is.
 */
export const batchesCancel = <ThrowOnError extends boolean = false>(options: Options<BatchesCancelData, ThrowOnError>) => (options.client ?? client).post<BatchesCancelResponses, BatchesCancelErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/chat/batch/{id}/cancel',
    ...options
});

/**
 * The model servers and what is on them
 *
 * From memory: nobody waits for a slow server, and looking does not use the GPU. A server that has not been asked yet is `checking`. Addresses are for administrators.
 */
export const modelsServers = <ThrowOnError extends boolean = false>(options?: Options<ModelsServersData, ThrowOnError>) => (options?.client ?? client).get<ModelsServersResponses, ModelsServersErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/servers',
    ...options
});

/**
 * One model server, looked at now
 *
 * By its id, or by its address (`/v1` at the end may stay). Only configured servers are asked; an address is compared with theirs and never opened.
 */
export const modelsServer = <ThrowOnError extends boolean = false>(options?: Options<ModelsServerData, ThrowOnError>) => (options?.client ?? client).get<ModelsServerResponses, ModelsServerErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/server/models',
    ...options
});

/**
 * Which model answers which kind of task
 */
export const modelsTasks = <ThrowOnError extends boolean = false>(options?: Options<ModelsTasksData, ThrowOnError>) => (options?.client ?? client).get<ModelsTasksResponses, ModelsTasksErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/tasks',
    ...options
});

/**
 * Load a model into memory
 *
 * On the GPU node it waits its turn like somebody’s request (`accepted`; the GPU’s status shows when): it never takes the card from anybody.
 */
export const modelsLoad = <ThrowOnError extends boolean = false>(options: Options<ModelsLoadData, ThrowOnError>) => (options.client ?? client).post<ModelsLoadResponses, ModelsLoadErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/{model_id}/load',
    ...options
});

/**
 * Take a model out of memory, for real
 *
 * Answers when the memory is really free, by the word of the model server and of the card’s driver: `freed_bytes` says how much that is. A model that somebody uses just now goes when its answers are done (`accepted`); they are not harmed.
 */
export const modelsUnload = <ThrowOnError extends boolean = false>(options: Options<ModelsUnloadData, ThrowOnError>) => (options.client ?? client).post<ModelsUnloadResponses, ModelsUnloadErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/{model_id}/unload',
    ...options
});

/**
 * The same as `unload`, under its older name
 *
 * Answers when the memory is really free, by the word of the model server and of the card’s driver: `freed_bytes` says how much that is. A model that somebody uses just now goes when its answers are done (`accepted`); they are not harmed.
 */
export const modelsUnloadFromGpu = <ThrowOnError extends boolean = false>(options: Options<ModelsUnloadFromGpuData, ThrowOnError>) => (options.client ?? client).post<ModelsUnloadFromGpuResponses, ModelsUnloadFromGpuErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/{model_id}/unload-from-gpu',
    ...options
});

/**
 * Delete a model
 *
 * It is unloaded first. One that somebody uses just now stays (`model.in_use`).
 */
export const modelsDelete = <ThrowOnError extends boolean = false>(options: Options<ModelsDeleteData, ThrowOnError>) => (options.client ?? client).delete<ModelsDeleteResponses, ModelsDeleteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/{model_id}',
    ...options
});

/**
 * Download a model
 *
 * It goes on whether somebody watches or not, over restarts as well; two requests for one model are one download. With `Accept: text/event-stream` the answer is its events (as of `GET /api/models/pulls/{id}/events`), opened by an event `started` with the JSON of the 201.
 */
export const modelsPull = <ThrowOnError extends boolean = false>(options: Options<ModelsPullData, ThrowOnError>) => (options.client ?? client).post<ModelsPullResponses, ModelsPullErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/pull',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Downloads of the last day, newest first
 */
export const modelsPulls = <ThrowOnError extends boolean = false>(options?: Options<ModelsPullsData, ThrowOnError>) => (options?.client ?? client).get<ModelsPullsResponses, ModelsPullsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/pulls',
    ...options
});

/**
 * How far a download is, as it happens
 *
 * Server-sent events: `pull` with the bytes that are there, at the end `end`. `id` is the position to come back to.
 */
export const modelsPullEvents = <ThrowOnError extends boolean = false>(options: Options<ModelsPullEventsData, ThrowOnError, ModelsPullEventsResponse>) => (options.client ?? client).sse.get<ModelsPullEventsResponses, ModelsPullEventsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/pulls/{id}/events',
    ...options
});

/**
 * End a download
 *
 * What is there already is kept by the model server, so that a later download goes on with it.
 */
export const modelsPullCancel = <ThrowOnError extends boolean = false>(options: Options<ModelsPullCancelData, ThrowOnError>) => (options.client ?? client).post<ModelsPullCancelResponses, ModelsPullCancelErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/models/pulls/{id}/cancel',
    ...options
});

/**
 * Comparisons of models, with their figures
 */
export const experimentsList = <ThrowOnError extends boolean = false>(options?: Options<ExperimentsListData, ThrowOnError>) => (options?.client ?? client).get<ExperimentsListResponses, ExperimentsListErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/experiments',
    ...options
});

/**
 * Compare two models
 *
 * Of the chats that ask for `model`, `share` percent are answered by `variant`; a chat stays on its side, and each answer says that it was part of it. A variant that is not installed changes nothing.
 */
export const experimentsCreate = <ThrowOnError extends boolean = false>(options: Options<ExperimentsCreateData, ThrowOnError>) => (options.client ?? client).post<ExperimentsCreateResponses, ExperimentsCreateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/experiments',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * End a comparison
 *
 * From now on everybody is answered by the model they ask for. The figures stay.
 */
export const experimentsEnd = <ThrowOnError extends boolean = false>(options: Options<ExperimentsEndData, ThrowOnError>) => (options.client ?? client).post<ExperimentsEndResponses, ExperimentsEndErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/experiments/{id}/end',
    ...options
});

/**
 * Bring a picture along
 *
 * Judged by its content, turned upright and stored without what cameras write beside it. Its id serves as `image_ids` of a message and as `reference_image_id` of an image.
 */
export const imagesUpload = <ThrowOnError extends boolean = false>(options: Options<ImagesUploadData, ThrowOnError>) => (options.client ?? client).post<ImagesUploadResponses, ImagesUploadErrors, ThrowOnError>({
    ...formDataBodySerializer,
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/image/upload',
    ...options,
    headers: {
        'Content-Type': null,
        ...options.headers
    }
});

/**
 * Ask for an image
 *
 * The language model turns the description into a prompt, then ComfyUI renders it. Answers as soon as the request is stored; follow `GET /api/replies/{reply.id}/events` for the queue, the progress and the image.
 */
export const imagesGenerate = <ThrowOnError extends boolean = false>(options: Options<ImagesGenerateData, ThrowOnError>) => (options.client ?? client).post<ImagesGenerateResponses, ImagesGenerateErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/image/generate',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * Ask for an image, and follow it
 *
 * As `POST /api/image/generate`, answered by the events themselves, opened by an event `sent` with the JSON of the 201. Leaving the stream does not stop the image.
 */
export const imagesGenerateStream = <ThrowOnError extends boolean = false>(options: Options<ImagesGenerateStreamData, ThrowOnError, ImagesGenerateStreamResponse>) => (options.client ?? client).sse.post<ImagesGenerateStreamResponses, ImagesGenerateStreamErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/image/generate/stream',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * The images of a message, with prompt, seed and settings
 */
export const imagesList = <ThrowOnError extends boolean = false>(options: Options<ImagesListData, ThrowOnError>) => (options.client ?? client).get<ImagesListResponses, ImagesListErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/image/{message_id}',
    ...options
});

/**
 * All your pictures, newest first
 *
 * With `q`, those whose prompt or description holds that text. `storage` tells how much of your space is used.
 */
export const imagesGallery = <ThrowOnError extends boolean = false>(options?: Options<ImagesGalleryData, ThrowOnError>) => (options?.client ?? client).get<ImagesGalleryResponses, ImagesGalleryErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images',
    ...options
});

/**
 * Delete a picture
 *
 * Its file goes at once; the message that showed it keeps its words.
 */
export const imagesDelete = <ThrowOnError extends boolean = false>(options: Options<ImagesDeleteData, ThrowOnError>) => (options.client ?? client).delete<ImagesDeleteResponses, ImagesDeleteErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/{id}',
    ...options
});

/**
 * Mark a picture as a favourite, or not
 */
export const imagesChange = <ThrowOnError extends boolean = false>(options: Options<ImagesChangeData, ThrowOnError>) => (options.client ?? client).put<ImagesChangeResponses, ImagesChangeErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/{id}',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * The same prompt and settings, with another seed
 */
export const imagesVary = <ThrowOnError extends boolean = false>(options: Options<ImagesVaryData, ThrowOnError>) => (options.client ?? client).post<ImagesVaryResponses, ImagesVaryErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/{id}/vary',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * A larger copy of a picture
 *
 * By the workflow that is configured for it.
 */
export const imagesUpscale = <ThrowOnError extends boolean = false>(options: Options<ImagesUpscaleData, ThrowOnError>) => (options.client ?? client).post<ImagesUpscaleResponses, ImagesUpscaleErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/{id}/upscale',
    ...options
});

/**
 * A short-lived address of a picture
 *
 * It opens the picture without a token until it expires, for whoever has it, also in other pages.
 */
export const imagesLink = <ThrowOnError extends boolean = false>(options: Options<ImagesLinkData, ThrowOnError>) => (options.client ?? client).post<ImagesLinkResponses, ImagesLinkErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/{id}/link',
    ...options,
    headers: {
        'Content-Type': 'application/json',
        ...options.headers
    }
});

/**
 * The picture behind a short-lived address
 */
export const imagesOpenLink = <ThrowOnError extends boolean = false>(options: Options<ImagesOpenLinkData, ThrowOnError>) => (options.client ?? client).get<ImagesOpenLinkResponses, ImagesOpenLinkErrors, ThrowOnError>({ url: '/api/images/link/{token}', ...options });

/**
 * The image
 */
export const imagesFile = <ThrowOnError extends boolean = false>(options: Options<ImagesFileData, ThrowOnError>) => (options.client ?? client).get<ImagesFileResponses, ImagesFileErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/{id}/file',
    ...options
});

/**
 * A small picture of the image
 */
export const imagesThumbnail = <ThrowOnError extends boolean = false>(options: Options<ImagesThumbnailData, ThrowOnError>) => (options.client ?? client).get<ImagesThumbnailResponses, ImagesThumbnailErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/{id}/thumbnail',
    ...options
});

/**
 * How the image looks so far, while it is rendered
 *
 * Fetch it again when the reply’s events say `preview`. There is none before the first and after the end.
 */
export const imagesPreview = <ThrowOnError extends boolean = false>(options: Options<ImagesPreviewData, ThrowOnError>) => (options.client ?? client).get<ImagesPreviewResponses, ImagesPreviewErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/images/preview/{message_id}',
    ...options
});

/**
 * Who holds the GPU, what happens to it, how many wait
 */
export const gpuStatus = <ThrowOnError extends boolean = false>(options?: Options<GpuStatusData, ThrowOnError>) => (options?.client ?? client).get<GpuStatusResponses, GpuStatusErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/gpu/status',
    ...options
});

/**
 * The GPUs that there are
 *
 * Where a route takes `node`, it is one of these; without it the first one is meant.
 */
export const gpuNodes = <ThrowOnError extends boolean = false>(options?: Options<GpuNodesData, ThrowOnError>) => (options?.client ?? client).get<GpuNodesResponses, GpuNodesErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/gpu/nodes',
    ...options
});

/**
 * The queue
 *
 * Your own requests in full; of other people’s only that they are there, and of what kind.
 */
export const gpuQueue = <ThrowOnError extends boolean = false>(options?: Options<GpuQueueData, ThrowOnError>) => (options?.client ?? client).get<GpuQueueResponses, GpuQueueErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/gpu/queue',
    ...options
});

/**
 * Who had the GPU, and why
 *
 * Visits, newest first: the hand-over that began each, with its steps and what the driver said before and after, and every lease in it with the reason it was granted. The first page begins with the visit under way, beside the `limit`; `next` is the `before` of the following page.
 */
export const gpuHistory = <ThrowOnError extends boolean = false>(options?: Options<GpuHistoryData, ThrowOnError>) => (options?.client ?? client).get<GpuHistoryResponses, GpuHistoryErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/gpu/history',
    ...options
});

/**
 * The GPU and the queue, as they change
 *
 * Server-sent events: `status` (as `GET /api/gpu/status`) at once and on every change, `queue` (as `GET /api/gpu/queue`) at once and when your view of it changes, at most once a second.
 */
export const gpuEvents = <ThrowOnError extends boolean = false>(options?: Options<GpuEventsData, ThrowOnError, GpuEventsResponse>) => (options?.client ?? client).sse.get<GpuEventsResponses, GpuEventsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/gpu/events',
    ...options
});

/**
 * The engines and the card
 */
export const processStatus = <ThrowOnError extends boolean = false>(options?: Options<ProcessStatusData, ThrowOnError>) => (options?.client ?? client).get<ProcessStatusResponses, ProcessStatusErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/process/status',
    ...options
});

/**
 * Give the GPU to an engine by hand
 *
 * It waits its turn like a request of somebody. With `force` everything that runs on the GPU is taken back first: images are made anew, replies that have begun end as they are. Ollama without `model` is the model that was on the GPU last.
 */
export const processSwitch = <ThrowOnError extends boolean = false>(options: Options<ProcessSwitchData, ThrowOnError>) => (options.client ?? client).post<ProcessSwitchResponses, ProcessSwitchErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/process/switch',
    ...options
});

/**
 * End an engine’s process and start it anew
 *
 * What runs in it is lost: replies that have begun end as they are, images are made anew. An engine that was running before Baton is not Baton’s to restart, unless its owner has said how.
 */
export const processRestart = <ThrowOnError extends boolean = false>(options: Options<ProcessRestartData, ThrowOnError>) => (options.client ?? client).post<ProcessRestartResponses, ProcessRestartErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/process/restart',
    ...options
});

/**
 * Memory of the card over the last time
 */
export const processCardHistory = <ThrowOnError extends boolean = false>(options?: Options<ProcessCardHistoryData, ThrowOnError>) => (options?.client ?? client).get<ProcessCardHistoryResponses, ProcessCardHistoryErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/process/card-history',
    ...options
});

/**
 * The last lines an engine printed
 *
 * Oldest first. Where an engine was not started by Baton, or is run by an external process manager, there is no way to them.
 */
export const processLogs = <ThrowOnError extends boolean = false>(options: Options<ProcessLogsData, ThrowOnError>) => (options.client ?? client).get<ProcessLogsResponses, ProcessLogsErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/process/logs',
    ...options
});

/**
 * This process answers
 */
export const healthLive = <ThrowOnError extends boolean = false>(options?: Options<HealthLiveData, ThrowOnError>) => (options?.client ?? client).get<HealthLiveResponses, HealthLiveErrors, ThrowOnError>({ url: '/health/live', ...options });

/**
 * This process has what it needs
 */
export const healthReady = <ThrowOnError extends boolean = false>(options?: Options<HealthReadyData, ThrowOnError>) => (options?.client ?? client).get<HealthReadyResponses, HealthReadyErrors, ThrowOnError>({ url: '/health/ready', ...options });

/**
 * Prometheus metrics
 *
 * From the machine itself and private networks, or with `Authorization: Bearer <METRICS_TOKEN>`.
 */
export const metrics = <ThrowOnError extends boolean = false>(options?: Options<MetricsData, ThrowOnError>) => (options?.client ?? client).get<MetricsResponses, MetricsErrors, ThrowOnError>({ url: '/metrics', ...options });

/**
 * Open the pages for operators in this browser
 *
 * Sets a cookie that lets this browser see `/ops/queues` for a quarter of an hour.
 */
export const opsPass = <ThrowOnError extends boolean = false>(options?: Options<OpsPassData, ThrowOnError>) => (options?.client ?? client).post<OpsPassResponses, OpsPassErrors, ThrowOnError>({
    security: [{ scheme: 'bearer', type: 'http' }],
    url: '/api/ops/pass',
    ...options
});
