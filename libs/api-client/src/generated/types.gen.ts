// This file is generated from the gateway’s OpenAPI document. Do not edit.
// @ts-nocheck

export type ClientOptions = {
    baseUrl: `${string}://${string}` | (string & {});
};

export type Ask = {
    message: string;
    task_type?: 'code_generation' | 'code_analysis' | 'reasoning' | 'general_chat' | 'planning' | 'text_generation';
    /**
     * Wins over task_type
     */
    model?: string | null;
    temperature?: number | null;
    top_p?: number | null;
    max_tokens?: number | null;
    system_prompt?: string | null;
    think?: boolean | 'low' | 'medium' | 'high';
    /**
     * `json`, or a JSON Schema that the answer must follow
     */
    format?: 'json' | {
        [key: string]: unknown;
    };
    /**
     * True: server-sent events, as of a reply
     */
    stream?: boolean;
    /**
     * Two models: one plans, the other writes by that plan
     */
    pair?: boolean;
    /**
     * A session of yours: the question is asked in it; temperature, top_p, max_tokens and system_prompt become its own
     */
    session_id?: number;
    web_search?: boolean | {
        query: string;
    };
    use_cache?: boolean;
};

export type AskAnswer = {
    response: string;
    model: string;
    task_type: 'code_generation' | 'code_analysis' | 'reasoning' | 'general_chat' | 'planning' | 'text_generation' | null;
    duration_ms: number;
    /**
     * For POST /api/chat/cancel/{task_id}
     */
    task_id: number;
    routing: Routing | null;
    cached: boolean;
    /**
     * With `pair`: who planned, and the plan
     */
    plan: {
        model: string;
        text: string;
    } | null;
    sources: Array<Source>;
    search_query: string | null;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
};

export type AskEvent = SentMessage | {
    type: 'plan';
    text: string;
} | {
    type: 'state';
    state: 'queued';
    /**
     * Place in the queue, 1 is next; null while unknown
     */
    position: number | null;
    reason: {
        code: 'ahead_in_queue' | 'other_engine_busy' | 'swap_under_way' | 'engine_starting' | 'scheduler_away' | 'engine_unavailable' | 'gives_way';
        holder: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
    } | null;
    eta_p50_ms: number | null;
    eta_p90_ms: number | null;
} | {
    type: 'state';
    state: 'swapping';
    from: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    to: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    phase: 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';
} | {
    type: 'state';
    state: 'loading';
    model: string | null;
} | {
    type: 'state';
    state: 'streaming' | 'prompting' | 'rendering' | 'searching';
} | {
    type: 'text';
    text: string;
} | {
    type: 'thinking';
    text: string;
} | {
    type: 'routed';
    routing: Routing;
} | {
    type: 'sources';
    query: string;
    sources: Array<Source>;
} | {
    type: 'prompt';
    prompt: string;
    seed: number;
    settings_by?: 'model' | 'user' | 'default';
    reference_description?: string;
} | {
    type: 'progress';
    variant?: number;
    variants?: number;
    node?: string;
    step: number;
    steps: number;
} | {
    type: 'preview';
    revision: number;
} | {
    type: 'image';
    image_id: number;
    width: number;
    height: number;
    variant?: number;
} | {
    type: 'pull';
    /**
     * What is done just now, as the model server says it
     */
    status: string;
    completed_bytes: number;
    total_bytes: number;
} | {
    type: 'reset';
    text: string;
    thinking?: string;
} | {
    type: 'end';
    state: 'done' | 'failed' | 'cancelled';
    code: string | null;
    /**
     * A sentence for the user
     */
    say: string | null;
    timeline: Array<TimelineEntry>;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
    details?: MessageDetails | null;
};

export type AskModels = {
    models: Array<{
        model: string;
        size_bytes: number;
        parameter_size: string | null;
        capabilities: Array<string>;
        is_default: boolean;
        /**
         * Where it is used first
         */
        server: string | null;
        max_concurrent: number | null;
        available: boolean;
    }>;
    default_model: string;
    simulated: boolean;
    tasks: Array<{
        task_type: 'code_generation' | 'code_analysis' | 'reasoning' | 'general_chat' | 'planning' | 'text_generation';
        model: string;
        fallback: boolean;
    }>;
    pair: {
        planning: string;
        generation: string;
    };
};

export type Batch = {
    id: number;
    title: string;
    state: 'running' | 'done' | 'cancelled';
    model: string;
    total: number;
    done: number;
    failed: number;
    /**
     * Will not be answered any more
     */
    cancelled: number;
    running: number;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    };
    created_at: string;
    finished_at: string | null;
};

export type BatchLine = {
    index: number;
    custom_id: string | null;
    state: 'waiting' | 'running' | 'done' | 'failed' | 'cancelled';
    response: string | null;
    model: string | null;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
    error: {
        code: string;
        say: string;
    } | null;
};

export type BatchList = {
    batches: Array<Batch>;
};

export type Cancel = {
    chat_id?: number;
    session_id?: number;
};

export type Card = {
    name: string;
    total_mib: number;
    used_mib: number;
    foreign_mib: number | null;
    simulated: boolean;
};

export type CardHistory = {
    every_ms: number;
    samples: Array<{
        at_ms: number;
        used_mib: number;
        total_mib: number;
        foreign_mib: number | null;
        owner: 'ollama' | 'comfyui' | null;
    }>;
};

export type ChangeImage = {
    favourite: boolean;
};

export type ChangePassword = {
    current_password: string;
    new_password: string;
};

export type Chat = {
    id: number;
    title: string;
    /**
     * `models`: a chat between models
     */
    kind: 'chat' | 'models';
    pinned: boolean;
    /**
     * The model that answers; chosen before the first message
     */
    model: string | null;
    temperature: number | null;
    top_p: number | null;
    max_tokens: number | null;
    /**
     * Null: as the model does it by itself
     */
    think: boolean | 'low' | 'medium' | 'high' | null;
    system_prompt: string | null;
    created_at: string;
    updated_at: string;
};

export type ChatFile = {
    format: 'baton-chat';
    version: 1;
    exported_at: string;
    chat: {
        title: string;
        model: string | null;
        temperature: number | null;
        top_p: number | null;
        max_tokens: number | null;
        think: boolean | 'low' | 'medium' | 'high' | null;
        system_prompt: string | null;
    };
    messages: Array<{
        id: number;
        parent_id: number | null;
        role: 'user' | 'assistant';
        content: string;
        thinking: string | null;
        model: string | null;
        created_at: string;
        /**
         * Whether it is part of the branch that was open
         */
        shown: boolean;
    }>;
};

export type ChatPage = {
    chats: Array<Chat>;
    next_cursor: string | null;
};

export type ChatSession = {
    session_id: number;
    title: string;
    created_at: string;
    /**
     * The newest of the shown branch, oldest first
     */
    messages: Array<Message>;
};

export type ChatWithMessages = {
    chat: Chat;
    messages: Array<Message>;
    /**
     * Pass it as `before` for the messages before these; null at the beginning
     */
    previous_cursor: string | null;
};

export type CreateChat = {
    title?: string;
    model?: string | null;
    temperature?: number | null;
    top_p?: number | null;
    max_tokens?: number | null;
    think?: boolean | 'low' | 'medium' | 'high' | null;
    system_prompt?: string | null;
};

export type Dialogue = {
    chat: Chat;
    state: 'running' | 'done' | 'stopped' | 'failed';
    turns: number;
    max_turns: number;
    participants: Array<{
        index: number;
        model: string;
        system_prompt: string | null;
    }>;
    current_reply_id: number | null;
    error_code: string | null;
};

export type DialogueEvent = {
    type: 'dialogue';
    dialogue: Dialogue;
} | {
    type: 'turn';
    reply: Message;
} | {
    type: 'state';
    state: 'queued';
    /**
     * Place in the queue, 1 is next; null while unknown
     */
    position: number | null;
    reason: {
        code: 'ahead_in_queue' | 'other_engine_busy' | 'swap_under_way' | 'engine_starting' | 'scheduler_away' | 'engine_unavailable' | 'gives_way';
        holder: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
    } | null;
    eta_p50_ms: number | null;
    eta_p90_ms: number | null;
} | {
    type: 'state';
    state: 'swapping';
    from: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    to: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    phase: 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';
} | {
    type: 'state';
    state: 'loading';
    model: string | null;
} | {
    type: 'state';
    state: 'streaming' | 'prompting' | 'rendering' | 'searching';
} | {
    type: 'text';
    text: string;
} | {
    type: 'thinking';
    text: string;
} | {
    type: 'routed';
    routing: Routing;
} | {
    type: 'sources';
    query: string;
    sources: Array<Source>;
} | {
    type: 'prompt';
    prompt: string;
    seed: number;
    settings_by?: 'model' | 'user' | 'default';
    reference_description?: string;
} | {
    type: 'progress';
    variant?: number;
    variants?: number;
    node?: string;
    step: number;
    steps: number;
} | {
    type: 'preview';
    revision: number;
} | {
    type: 'image';
    image_id: number;
    width: number;
    height: number;
    variant?: number;
} | {
    type: 'pull';
    /**
     * What is done just now, as the model server says it
     */
    status: string;
    completed_bytes: number;
    total_bytes: number;
} | {
    type: 'reset';
    text: string;
    thinking?: string;
} | {
    type: 'end';
    state: 'done' | 'failed' | 'cancelled';
    code: string | null;
    /**
     * A sentence for the user
     */
    say: string | null;
    timeline: Array<TimelineEntry>;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
    details?: MessageDetails | null;
};

export type EditMessage = {
    content: string;
};

export type EngineLogs = {
    lines: Array<{
        at_ms: number;
        text: string;
    }>;
};

export type EngineRestart = {
    service: 'ollama' | 'comfyui';
};

export type EngineView = {
    engine: 'ollama' | 'comfyui';
    state: 'stopped' | 'starting' | 'ready' | 'stopping' | 'failed' | 'unreachable';
    simulated: boolean;
    driver: 'attached' | 'child' | 'systemd' | 'docker' | 'kubernetes' | 'external';
    loaded_models: Array<string>;
};

export type Experiment = {
    id: number;
    name: string;
    model: string;
    variant: string;
    share: number;
    state: 'running' | 'ended';
    sides: Array<{
        model: string;
        chats: number;
        answers: number;
        failed: number;
        up: number;
        down: number;
        mean_tokens: number | null;
        /**
         * From the engine taking the question to the last token, without waiting
         */
        mean_answer_ms: number | null;
    }>;
    created_at: string;
    ended_at: string | null;
};

export type ExperimentList = {
    experiments: Array<Experiment>;
};

export type Gallery = {
    images: Array<GalleryEntry>;
    next_cursor: string | null;
    storage: {
        used_bytes: number;
        limit_bytes: number | null;
    };
};

export type GalleryEntry = {
    id: number;
    origin: 'generated' | 'uploaded';
    message_id: number | null;
    /**
     * null: brought along, or made without a chat
     */
    chat_id: number | null;
    prompt: string | null;
    width: number;
    height: number;
    size_bytes: number;
    favourite: boolean;
    simulated: boolean;
    url: string;
    thumbnail_url: string;
    created_at: string;
};

export type GenerateImage = {
    /**
     * null: the picture is in no chat, but among all your pictures (`GET /api/images`), until you delete it
     */
    chat_id: number | null;
    /**
     * In any language
     */
    description: string;
    /**
     * Pixels, a multiple of 16
     */
    width?: number;
    /**
     * Pixels, a multiple of 16
     */
    height?: number;
    /**
     * Of the first variant, the others count on from it; random when left out
     */
    seed?: number;
    /**
     * A picture of yours, uploaded or generated: the new one is made out of it
     */
    reference_image_id?: number;
    /**
     * The same, named by the message that shows it (its first picture)
     */
    reference_message_id?: number;
    /**
     * Variants, each with its own seed
     */
    batch_count?: number;
    /**
     * The description is the prompt: no language model changes it
     */
    use_prompt_as_is?: boolean;
    settings?: {
        steps?: number;
        guidance?: number;
        sampler?: string;
        scheduler?: string;
        /**
         * How far from the reference picture: 0.55 to 0.65 changes colours, more changes shapes
         */
        denoise?: number;
    };
};

export type GpuFeedEvent = GpuStatus | QueueView;

export type GpuHistory = {
    visits: Array<VisitRecord>;
    next: string | null;
};

export type GpuNodes = {
    nodes: Array<string>;
};

export type GpuStatus = {
    node: string;
    phase: 'idle' | 'serving' | 'draining' | 'swapping' | 'unavailable';
    /**
     * Whose turn it is; null while nobody owns the GPU
     */
    holder: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    holder_since_ms: number | null;
    swap: {
        id: string;
        from: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
        to: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
        phase: 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';
        started_at_ms: number;
    } | null;
    last_swap: SwapRecord | null;
    running: number;
    waiting: number;
    card: Card | null;
    engines: Array<EngineView>;
    at_ms: number;
};

export type GpuSwitch = {
    order_id: string;
    state: 'done' | 'accepted';
    service: 'ollama' | 'comfyui';
    model: string | null;
    force: boolean;
    /**
     * What happens now, for people
     */
    say: string;
};

export type Image = {
    id: number;
    message_id: number;
    /**
     * null: it was made without a chat
     */
    chat_id: number | null;
    /**
     * Made from words, out of a picture, or enlarged
     */
    kind: 'text' | 'image' | 'upscale';
    variant: number;
    batch_count: number;
    description: string;
    /**
     * What the language model made of the description
     */
    prompt: string;
    /**
     * `user`: the description was used as it is
     */
    prompt_by: 'model' | 'user';
    reference_image_id: number | null;
    /**
     * What the vision model sees in the reference picture
     */
    reference_description: string | null;
    seed: number;
    width: number;
    height: number;
    settings: {
        steps: number;
        cfg: number;
        guidance: number;
        sampler: string;
        scheduler: string;
        denoise: number;
    };
    /**
     * `default`: nobody chose, or the model’s choice made no sense
     */
    settings_by: 'model' | 'user' | 'default';
    model: string;
    /**
     * Which graph made it; null for pictures of before 2026-11-21
     */
    workflow: {
        name: string;
        hash: string;
    } | null;
    /**
     * Milliseconds of each phase over all variants: vision, prompt (with the settings), upload, render (until its file is here), store
     */
    timings: {
        [key: string]: number;
    } | null;
    favourite: boolean;
    media_type: 'image/png' | 'image/jpeg';
    size_bytes: number;
    /**
     * The PNG; needs the owner’s token
     */
    url: string;
    thumbnail_url: string;
    simulated: boolean;
    created_at: string;
};

export type ImageLink = {
    url: string;
    expires_at: string;
};

export type ImageList = {
    message_id: number;
    images: Array<Image>;
    /**
     * Whether a workflow for larger pictures is configured here
     */
    can_upscale: boolean;
};

export type LeaseHistory = {
    lease_id: string;
    job_id: string;
    user_id: number;
    kind: 'reply' | 'prompting' | 'render';
    message_id: number;
    reason: 'visit_open' | 'minimum_service' | 'owed' | 'rides_along' | 'aged';
    submitted_at_ms: number;
    granted_at_ms: number;
    ended_at_ms: number | null;
    outcome: 'completed' | 'failed' | 'cancelled' | null;
    code: string | null;
    estimate_ms: number;
    urgency?: 'interactive' | 'background' | 'chore';
};

export type Liveness = {
    status: 'ok';
};

export type Login = {
    username: string;
    password: string;
};

export type Message = {
    id: number;
    chat_id: number;
    /**
     * The message that this one follows; null at the beginning
     */
    parent_id: number | null;
    /**
     * All versions that follow the same message, this one among them, oldest first
     */
    siblings: Array<number>;
    role: 'user' | 'assistant';
    /**
     * What was asked for: an answer in words, or a picture
     */
    kind: 'text' | 'image';
    content: string;
    /**
     * What the model thought before it answered, where it tells
     */
    thinking: string | null;
    model: string | null;
    state: 'queued' | 'swapping' | 'loading' | 'prompting' | 'rendering' | 'searching' | 'streaming' | 'done' | 'failed' | 'cancelled';
    error: {
        code: string;
        say: string;
    } | null;
    attachments: Array<{
        image_id: number;
        width: number;
        height: number;
    }>;
    timeline: Array<TimelineEntry>;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
    details: MessageDetails | null;
    rating: 'up' | 'down' | null;
    created_at: string;
    edited_at: string | null;
    finished_at: string | null;
};

export type MessageDetails = {
    engine?: 'ollama' | 'local' | 'cache' | null;
    /**
     * Which server answered: the id from `GET /api/models/servers`
     */
    instance?: string | null;
    /**
     * `length`: cut by max_tokens or the context
     */
    stop_reason?: 'stop' | 'length' | null;
    timings?: {
        load_ms: number | null;
        prompt_ms: number | null;
        answer_ms: number | null;
    } | null;
    /**
     * From the first word of its thoughts to the first of its answer
     */
    thought_ms?: number | null;
    routing?: Routing | null;
    truncation?: {
        /**
         * Messages of the chat that the model was not told
         */
        left_out: number;
        /**
         * The question alone is about as long as all that the model can read, or longer: it may have been told a part of it
         */
        is_question_long?: boolean;
        kept: number;
        context_tokens: number;
    } | null;
    sources?: Array<Source> | null;
    search_query?: string | null;
    receipt?: {
        /**
         * From pressing Stop until the engine had nothing to do for this answer any more
         */
        idle_ms: number;
        /**
         * GPU time that was expected for the rest and went back to the queue
         */
        returned_ms: number | null;
    } | null;
    /**
     * Attempts that failed before the one that counts, oldest first
     */
    failures?: Array<{
        code: string;
        instance: string | null;
    }> | null;
    think?: boolean | 'low' | 'medium' | 'high' | null;
    format?: 'json' | 'schema' | null;
    /**
     * Who speaks, in a chat between models
     */
    speaker?: {
        index: number;
        model: string;
    } | null;
    experiment_id?: number | null;
};

export type ModelAction = {
    model: string;
    server: string;
    /**
     * `accepted`: it waits for its turn on the GPU
     */
    state: 'done' | 'accepted';
    freed_bytes: number | null;
    took_ms: number | null;
    /**
     * What happened, for people
     */
    say: string;
};

export type ModelServer = {
    id: string;
    /**
     * `gpu`: on a GPU node of Baton, used under a lease; `elsewhere`: has a GPU of its own; `cpu`: here
     */
    place: 'gpu' | 'elsewhere' | 'cpu';
    /**
     * For administrators only
     */
    url: string | null;
    state: 'checking' | 'up' | 'down';
    breaker: 'closed' | 'open' | 'half_open';
    checked_at: string | null;
    error_code: string | null;
    simulated: boolean;
    /**
     * As configured: what its model is for
     */
    capabilities: Array<string>;
    default_model: string | null;
    max_concurrent: number;
    running: number;
    waiting: number;
    models: Array<ServerModel>;
};

export type MultiModel = {
    models: Array<string>;
    initial_message: string;
    /**
     * By model name, or by place (`0`, `1`, …) where a model takes part twice
     */
    system_prompts?: {
        [key: string]: string;
    };
    max_turns?: number;
    /**
     * Who speaks next: as it costs the fewest model changes, or strictly one after the other
     */
    order?: 'fewest_changes' | 'in_turn';
    title?: string;
    stream?: boolean;
};

export type NewBatch = {
    requests: Array<{
        custom_id?: string;
        message: string;
    }>;
    model?: string | null;
    task_type?: 'code_generation' | 'code_analysis' | 'reasoning' | 'general_chat' | 'planning' | 'text_generation';
    temperature?: number | null;
    max_tokens?: number | null;
    system_prompt?: string | null;
    /**
     * `json`, or a JSON Schema that the answer must follow
     */
    format?: 'json' | {
        [key: string]: unknown;
    };
    title?: string;
};

export type NewExperiment = {
    name: string;
    model: string;
    variant: string;
    /**
     * Percent of the chats that get the variant
     */
    share?: number;
};

export type NewImageLink = {
    kind?: 'file' | 'thumbnail';
    seconds?: number;
};

export type NewSession = {
    title?: string;
};

export type Problem = {
    /**
     * A URI that names the kind of problem
     */
    type: string;
    /**
     * A sentence for the user
     */
    title: string;
    status: number;
    /**
     * Stable code, `owner.what`
     */
    code: string;
    retry: 'never' | 'now' | 'later';
    /**
     * Quote this when you report the problem
     */
    correlation_id: string;
    /**
     * The wrong fields, and what would be right
     */
    errors?: Array<{
        field: string;
        message: string;
    }>;
};

export type ProcessStatus = {
    node: string;
    card: Card | null;
    engines: Array<EngineView>;
    /**
     * Other programs on the card; for administrators only
     */
    stowaways?: Array<Stowaway>;
};

export type Pull = {
    id: string;
    model: string;
    server: string;
    state: 'running' | 'done' | 'failed' | 'cancelled';
    status: string;
    completed_bytes: number;
    total_bytes: number;
    error_code: string | null;
    started_at: string;
};

export type PullList = {
    pulls: Array<Pull>;
};

export type PullModel = {
    model: string;
    server?: string;
};

export type QueueView = {
    entries: Array<{
        mine: boolean;
        kind: 'reply' | 'prompting' | 'render';
        running: boolean;
        position: number | null;
        reason: {
            code: 'ahead_in_queue' | 'other_engine_busy' | 'swap_under_way' | 'engine_starting' | 'scheduler_away' | 'engine_unavailable' | 'gives_way';
            holder: {
                engine: 'ollama' | 'comfyui';
                model: string | null;
            } | null;
        } | null;
        eta_p50_ms: number | null;
        eta_p90_ms: number | null;
        /**
         * Null for other people’s requests
         */
        lane: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
        chat_id: number | null;
        message_id: number | null;
    }>;
};

export type RateMessage = {
    rating: 'up' | 'down' | null;
};

export type Readiness = {
    status: 'ok' | 'unavailable';
    checks: {
        [key: string]: 'ok' | 'failed';
    };
};

export type Regenerate = {
    model?: string;
    engine?: 'auto' | 'local' | 'gpu';
    think?: boolean | 'low' | 'medium' | 'high';
};

export type Register = {
    username: string;
    email?: string;
    password: string;
};

export type ReplyEvent = {
    type: 'state';
    state: 'queued';
    /**
     * Place in the queue, 1 is next; null while unknown
     */
    position: number | null;
    reason: {
        code: 'ahead_in_queue' | 'other_engine_busy' | 'swap_under_way' | 'engine_starting' | 'scheduler_away' | 'engine_unavailable' | 'gives_way';
        holder: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
    } | null;
    eta_p50_ms: number | null;
    eta_p90_ms: number | null;
} | {
    type: 'state';
    state: 'swapping';
    from: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    to: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    phase: 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';
} | {
    type: 'state';
    state: 'loading';
    model: string | null;
} | {
    type: 'state';
    state: 'streaming' | 'prompting' | 'rendering' | 'searching';
} | {
    type: 'text';
    text: string;
} | {
    type: 'thinking';
    text: string;
} | {
    type: 'routed';
    routing: Routing;
} | {
    type: 'sources';
    query: string;
    sources: Array<Source>;
} | {
    type: 'prompt';
    prompt: string;
    seed: number;
    settings_by?: 'model' | 'user' | 'default';
    reference_description?: string;
} | {
    type: 'progress';
    variant?: number;
    variants?: number;
    node?: string;
    step: number;
    steps: number;
} | {
    type: 'preview';
    revision: number;
} | {
    type: 'image';
    image_id: number;
    width: number;
    height: number;
    variant?: number;
} | {
    type: 'pull';
    /**
     * What is done just now, as the model server says it
     */
    status: string;
    completed_bytes: number;
    total_bytes: number;
} | {
    type: 'reset';
    text: string;
    thinking?: string;
} | {
    type: 'end';
    state: 'done' | 'failed' | 'cancelled';
    code: string | null;
    /**
     * A sentence for the user
     */
    say: string | null;
    timeline: Array<TimelineEntry>;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
    details?: MessageDetails | null;
};

export type Routing = {
    /**
     * A model or a task type
     */
    asked: string;
    /**
     * The model that answers
     */
    answered: string;
    because: 'task_type' | 'capability_fallback' | 'default_model' | 'instance_down' | 'experiment' | 'answered_on_cpu' | 'planned_by_pair';
};

export type SearchChat = {
    message: string;
    chat_id?: number;
    model?: string | null;
    /**
     * Searched for as it is; without it the model writes the query
     */
    query?: string;
    stream?: boolean;
};

export type SendMessage = {
    content: string;
    /**
     * Also becomes the model of the chat
     */
    model?: string;
    /**
     * A message of yours: this one becomes another version of it, in a branch of its own
     */
    replaces?: number;
    /**
     * The message that this one follows; without it the end of the shown branch
     */
    parent_id?: number;
    /**
     * Lets Baton choose the model, for this message only
     */
    task_type?: 'code_generation' | 'code_analysis' | 'reasoning' | 'general_chat' | 'planning' | 'text_generation';
    /**
     * For this message only
     */
    think?: boolean | 'low' | 'medium' | 'high';
    /**
     * `json`, or a JSON Schema that the answer must follow
     */
    format?: 'json' | {
        [key: string]: unknown;
    };
    /**
     * Pictures that the model is shown: ids of your uploads or generated images
     */
    image_ids?: Array<number>;
    web_search?: boolean | {
        query: string;
    };
    /**
     * `local`: the CPU engine answers, without waiting for the GPU
     */
    engine?: 'auto' | 'local';
};

export type SentMessage = {
    message: Message;
    reply: Message;
};

export type SentReplyEvent = SentMessage | {
    type: 'state';
    state: 'queued';
    /**
     * Place in the queue, 1 is next; null while unknown
     */
    position: number | null;
    reason: {
        code: 'ahead_in_queue' | 'other_engine_busy' | 'swap_under_way' | 'engine_starting' | 'scheduler_away' | 'engine_unavailable' | 'gives_way';
        holder: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
    } | null;
    eta_p50_ms: number | null;
    eta_p90_ms: number | null;
} | {
    type: 'state';
    state: 'swapping';
    from: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    to: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    phase: 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';
} | {
    type: 'state';
    state: 'loading';
    model: string | null;
} | {
    type: 'state';
    state: 'streaming' | 'prompting' | 'rendering' | 'searching';
} | {
    type: 'text';
    text: string;
} | {
    type: 'thinking';
    text: string;
} | {
    type: 'routed';
    routing: Routing;
} | {
    type: 'sources';
    query: string;
    sources: Array<Source>;
} | {
    type: 'prompt';
    prompt: string;
    seed: number;
    settings_by?: 'model' | 'user' | 'default';
    reference_description?: string;
} | {
    type: 'progress';
    variant?: number;
    variants?: number;
    node?: string;
    step: number;
    steps: number;
} | {
    type: 'preview';
    revision: number;
} | {
    type: 'image';
    image_id: number;
    width: number;
    height: number;
    variant?: number;
} | {
    type: 'pull';
    /**
     * What is done just now, as the model server says it
     */
    status: string;
    completed_bytes: number;
    total_bytes: number;
} | {
    type: 'reset';
    text: string;
    thinking?: string;
} | {
    type: 'end';
    state: 'done' | 'failed' | 'cancelled';
    code: string | null;
    /**
     * A sentence for the user
     */
    say: string | null;
    timeline: Array<TimelineEntry>;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
    details?: MessageDetails | null;
};

export type ServerList = {
    servers: Array<ModelServer>;
};

export type ServerModel = {
    model: string;
    size_bytes: number;
    parameter_size: string | null;
    quantization: string | null;
    context_length: number | null;
    capabilities: Array<string>;
    /**
     * In memory now; null while unknown
     */
    loaded: boolean | null;
    loaded_bytes: number | null;
};

export type Session = {
    access_token: string;
    token_type: 'bearer';
    /**
     * Seconds
     */
    expires_in: number;
    user: User;
};

export type Source = {
    n: number;
    title: string;
    url: string;
    snippet: string;
};

export type StartedPullEvent = Pull | {
    type: 'state';
    state: 'queued';
    /**
     * Place in the queue, 1 is next; null while unknown
     */
    position: number | null;
    reason: {
        code: 'ahead_in_queue' | 'other_engine_busy' | 'swap_under_way' | 'engine_starting' | 'scheduler_away' | 'engine_unavailable' | 'gives_way';
        holder: {
            engine: 'ollama' | 'comfyui';
            model: string | null;
        } | null;
    } | null;
    eta_p50_ms: number | null;
    eta_p90_ms: number | null;
} | {
    type: 'state';
    state: 'swapping';
    from: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    to: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    phase: 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';
} | {
    type: 'state';
    state: 'loading';
    model: string | null;
} | {
    type: 'state';
    state: 'streaming' | 'prompting' | 'rendering' | 'searching';
} | {
    type: 'text';
    text: string;
} | {
    type: 'thinking';
    text: string;
} | {
    type: 'routed';
    routing: Routing;
} | {
    type: 'sources';
    query: string;
    sources: Array<Source>;
} | {
    type: 'prompt';
    prompt: string;
    seed: number;
    settings_by?: 'model' | 'user' | 'default';
    reference_description?: string;
} | {
    type: 'progress';
    variant?: number;
    variants?: number;
    node?: string;
    step: number;
    steps: number;
} | {
    type: 'preview';
    revision: number;
} | {
    type: 'image';
    image_id: number;
    width: number;
    height: number;
    variant?: number;
} | {
    type: 'pull';
    /**
     * What is done just now, as the model server says it
     */
    status: string;
    completed_bytes: number;
    total_bytes: number;
} | {
    type: 'reset';
    text: string;
    thinking?: string;
} | {
    type: 'end';
    state: 'done' | 'failed' | 'cancelled';
    code: string | null;
    /**
     * A sentence for the user
     */
    say: string | null;
    timeline: Array<TimelineEntry>;
    usage: {
        prompt_tokens: number;
        completion_tokens: number;
    } | null;
    details?: MessageDetails | null;
};

export type StopReceipt = {
    /**
     * The replies as they ended, each with its receipt where one is known
     */
    stopped: Array<Message>;
    /**
     * Renders stop by themselves after this answer and tell it in their events; false: they could not be told
     */
    images_told: boolean;
};

export type StopReplies = {
    /**
     * Only what is being made for this chat
     */
    chat_id?: number;
};

export type Stowaway = {
    pid: number;
    name: string;
    used_mib: number;
};

export type SwapRecord = {
    id: string;
    from: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    to: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    phases: Array<{
        phase: 'drain' | 'free' | 'verify' | 'start' | 'load' | 'ready';
        ms: number;
    }>;
    total_ms: number;
    before_mib?: number;
    freed_mib?: number;
    stopped?: Array<'ollama' | 'comfyui'>;
    kept?: Array<'ollama' | 'comfyui'>;
};

export type TaskModels = {
    models: Array<{
        model: string;
        server: string;
        capabilities: Array<string>;
        max_concurrent: number;
        available: boolean;
    }>;
    tasks: Array<{
        task_type: 'code_generation' | 'code_analysis' | 'reasoning' | 'general_chat' | 'planning' | 'text_generation';
        model: string;
        fallback: boolean;
    }>;
    pair: {
        planning: string;
        generation: string;
    };
};

export type TimelineEntry = {
    lane: {
        engine: 'ollama' | 'comfyui' | 'local';
        model: string | null;
    };
    /**
     * From asking for the GPU to holding it, swap included
     */
    queued_ms: number;
    /**
     * The hand-over that this request waited for, if any
     */
    swap: SwapRecord | null;
    /**
     * From holding the GPU to the first token or the first sampling step
     */
    first_ms: number | null;
    /**
     * From asking for the GPU to giving it back
     */
    total_ms: number;
};

export type UpdateChat = {
    title?: string;
    pinned?: boolean;
    model?: string | null;
    temperature?: number | null;
    top_p?: number | null;
    max_tokens?: number | null;
    think?: boolean | 'low' | 'medium' | 'high' | null;
    system_prompt?: string | null;
};

export type UpdateMe = {
    email?: string | null;
    locale?: 'en' | 'ru';
};

export type UploadedImage = {
    id: number;
    width: number;
    height: number;
    media_type: 'image/png' | 'image/jpeg';
    size_bytes: number;
    /**
     * Needs the owner’s token
     */
    url: string;
    thumbnail_url: string;
    created_at: string;
};

export type User = {
    id: number;
    username: string;
    email: string | null;
    role: 'admin' | 'user';
    locale: 'en' | 'ru' | null;
    created_at: string;
};

export type VaryImage = {
    batch_count?: number;
    seed?: number;
};

export type Verification = {
    valid: true;
    expires_at: string;
    user: User;
};

export type VisitRecord = {
    node: string;
    fence: number;
    lane: {
        engine: 'ollama' | 'comfyui';
        model: string | null;
    } | null;
    cause: 'job_waiting' | 'turn_over' | 'tour' | 'worth_it' | 'return_home' | 'engine_not_quiet' | 'by_hand' | null;
    swap: SwapRecord | null;
    failed: string | null;
    opened_at_ms: number;
    closed_at_ms: number | null;
    leases: Array<LeaseHistory>;
    part?: number;
};

export type AuthRegisterData = {
    body: Register;
    path?: never;
    query?: never;
    url: '/api/auth/register';
};

export type AuthRegisterErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `user.limit_reached`: This installation has reached its number of users.
     *
     * `user.registration_closed`: Registration is closed. Ask the administrator for an account.
     *
     * `auth.foreign_origin`: Another site may not use this session.
     */
    403: Problem;
    /**
     * `user.name_taken`: This user name is taken. Please choose another.
     *
     * `user.email_taken`: This e-mail address is already used.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthRegisterError = AuthRegisterErrors[keyof AuthRegisterErrors];

export type AuthRegisterResponses = {
    /**
     * The session; the refresh token is in the cookie
     */
    201: Session;
};

export type AuthRegisterResponse = AuthRegisterResponses[keyof AuthRegisterResponses];

export type AuthLoginData = {
    body: Login;
    path?: never;
    query?: never;
    url: '/api/auth/login';
};

export type AuthLoginErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.invalid_credentials`: The user name or the password is wrong.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.foreign_origin`: Another site may not use this session.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthLoginError = AuthLoginErrors[keyof AuthLoginErrors];

export type AuthLoginResponses = {
    /**
     * The session; the refresh token is in the cookie
     */
    200: Session;
};

export type AuthLoginResponse = AuthLoginResponses[keyof AuthLoginResponses];

export type AuthRefreshData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/auth/refresh';
};

export type AuthRefreshErrors = {
    /**
     * `auth.invalid_refresh`: Your session has ended. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.foreign_origin`: Another site may not use this session.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthRefreshError = AuthRefreshErrors[keyof AuthRefreshErrors];

export type AuthRefreshResponses = {
    /**
     * The session; the cookie holds the next refresh token
     */
    200: Session;
};

export type AuthRefreshResponse = AuthRefreshResponses[keyof AuthRefreshResponses];

export type AuthLogoutData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/auth/logout';
};

export type AuthLogoutErrors = {
    /**
     * `auth.foreign_origin`: Another site may not use this session.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthLogoutError = AuthLogoutErrors[keyof AuthLogoutErrors];

export type AuthLogoutResponses = {
    /**
     * Logged out
     */
    204: void;
};

export type AuthLogoutResponse = AuthLogoutResponses[keyof AuthLogoutResponses];

export type AuthVerifyData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/auth/verify';
};

export type AuthVerifyErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthVerifyError = AuthVerifyErrors[keyof AuthVerifyErrors];

export type AuthVerifyResponses = {
    /**
     * It is good
     */
    200: Verification;
};

export type AuthVerifyResponse = AuthVerifyResponses[keyof AuthVerifyResponses];

export type AuthMeData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/auth/me';
};

export type AuthMeErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthMeError = AuthMeErrors[keyof AuthMeErrors];

export type AuthMeResponses = {
    /**
     * The account
     */
    200: User;
};

export type AuthMeResponse = AuthMeResponses[keyof AuthMeResponses];

export type AuthUpdateMeData = {
    body: UpdateMe;
    path?: never;
    query?: never;
    url: '/api/auth/me';
};

export type AuthUpdateMeErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `user.email_taken`: This e-mail address is already used.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthUpdateMeError = AuthUpdateMeErrors[keyof AuthUpdateMeErrors];

export type AuthUpdateMeResponses = {
    /**
     * The account as it is now
     */
    200: User;
};

export type AuthUpdateMeResponse = AuthUpdateMeResponses[keyof AuthUpdateMeResponses];

export type AuthChangePasswordData = {
    body: ChangePassword;
    path?: never;
    query?: never;
    url: '/api/auth/password';
};

export type AuthChangePasswordErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.invalid_credentials`: The user name or the password is wrong.
     *
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.foreign_origin`: Another site may not use this session.
     *
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type AuthChangePasswordError = AuthChangePasswordErrors[keyof AuthChangePasswordErrors];

export type AuthChangePasswordResponses = {
    /**
     * A new session
     */
    200: Session;
};

export type AuthChangePasswordResponse = AuthChangePasswordResponses[keyof AuthChangePasswordResponses];

export type ChatsListData = {
    body?: never;
    path?: never;
    query?: {
        q?: string;
        limit?: number;
        cursor?: string;
    };
    url: '/api/chats';
};

export type ChatsListErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsListError = ChatsListErrors[keyof ChatsListErrors];

export type ChatsListResponses = {
    /**
     * A page of chats
     */
    200: ChatPage;
};

export type ChatsListResponse = ChatsListResponses[keyof ChatsListResponses];

export type ChatsCreateData = {
    body: CreateChat;
    path?: never;
    query?: never;
    url: '/api/chats';
};

export type ChatsCreateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsCreateError = ChatsCreateErrors[keyof ChatsCreateErrors];

export type ChatsCreateResponses = {
    /**
     * The new chat
     */
    201: Chat;
};

export type ChatsCreateResponse = ChatsCreateResponses[keyof ChatsCreateResponses];

export type ChatsDeleteData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chats/{id}';
};

export type ChatsDeleteErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsDeleteError = ChatsDeleteErrors[keyof ChatsDeleteErrors];

export type ChatsDeleteResponses = {
    /**
     * It is gone
     */
    204: void;
};

export type ChatsDeleteResponse = ChatsDeleteResponses[keyof ChatsDeleteResponses];

export type ChatsGetData = {
    body?: never;
    path: {
        id: number;
    };
    query?: {
        limit?: number;
        before?: string;
    };
    url: '/api/chats/{id}';
};

export type ChatsGetErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsGetError = ChatsGetErrors[keyof ChatsGetErrors];

export type ChatsGetResponses = {
    /**
     * The chat and a page of its messages
     */
    200: ChatWithMessages;
};

export type ChatsGetResponse = ChatsGetResponses[keyof ChatsGetResponses];

export type ChatsUpdateData = {
    body: UpdateChat;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chats/{id}';
};

export type ChatsUpdateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsUpdateError = ChatsUpdateErrors[keyof ChatsUpdateErrors];

export type ChatsUpdateResponses = {
    /**
     * The chat as it is now
     */
    200: Chat;
};

export type ChatsUpdateResponse = ChatsUpdateResponses[keyof ChatsUpdateResponses];

export type MessagesSendData = {
    body: SendMessage;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chats/{id}/messages';
};

export type MessagesSendErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `chat.message_not_found`: This message does not exist.
     *
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `chat.busy`: This chat is still answering. Wait, or stop the answer.
     *
     * `local.not_set_up`: The CPU engine is not set up here.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `chat.model_required`: Choose a model for this chat first.
     *
     * `model.unknown`: This model is not installed. Choose one from the list.
     *
     * `model.no_vision`: This model cannot see pictures. Choose one that can.
     *
     * `model.no_thinking`: This model cannot think aloud. Switch thinking off, or choose one that can.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `model.none_installed`: No model is installed. An administrator can download one.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type MessagesSendError = MessagesSendErrors[keyof MessagesSendErrors];

export type MessagesSendResponses = {
    /**
     * Your message, and the reply that will be written; as a stream, everything that happens to it
     */
    201: SentMessage;
};

export type MessagesSendResponse = MessagesSendResponses[keyof MessagesSendResponses];

export type MessagesRegenerateData = {
    body?: Regenerate;
    path: {
        chat_id: number;
        message_id: number;
    };
    query?: never;
    url: '/api/chats/{chat_id}/messages/{message_id}/regenerate';
};

export type MessagesRegenerateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `chat.message_not_found`: This message does not exist.
     */
    404: Problem;
    /**
     * `chat.busy`: This chat is still answering. Wait, or stop the answer.
     *
     * `local.not_set_up`: The CPU engine is not set up here.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `chat.model_required`: Choose a model for this chat first.
     *
     * `model.unknown`: This model is not installed. Choose one from the list.
     *
     * `model.no_vision`: This model cannot see pictures. Choose one that can.
     *
     * `model.no_thinking`: This model cannot think aloud. Switch thinking off, or choose one that can.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `model.none_installed`: No model is installed. An administrator can download one.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type MessagesRegenerateError = MessagesRegenerateErrors[keyof MessagesRegenerateErrors];

export type MessagesRegenerateResponses = {
    /**
     * The reply that will be written
     */
    201: Message;
};

export type MessagesRegenerateResponse = MessagesRegenerateResponses[keyof MessagesRegenerateResponses];

export type MessagesDeleteData = {
    body?: never;
    path: {
        chat_id: number;
        message_id: number;
    };
    query?: never;
    url: '/api/chats/{chat_id}/messages/{message_id}';
};

export type MessagesDeleteErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `chat.message_not_found`: This message does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type MessagesDeleteError = MessagesDeleteErrors[keyof MessagesDeleteErrors];

export type MessagesDeleteResponses = {
    /**
     * It is gone
     */
    204: void;
};

export type MessagesDeleteResponse = MessagesDeleteResponses[keyof MessagesDeleteResponses];

export type MessagesEditData = {
    body: EditMessage;
    path: {
        chat_id: number;
        message_id: number;
    };
    query?: never;
    url: '/api/chats/{chat_id}/messages/{message_id}';
};

export type MessagesEditErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `chat.message_not_found`: This message does not exist.
     */
    404: Problem;
    /**
     * `message.being_written`: This message is still being written. Wait, or stop it.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type MessagesEditError = MessagesEditErrors[keyof MessagesEditErrors];

export type MessagesEditResponses = {
    /**
     * The message as it is now
     */
    200: Message;
};

export type MessagesEditResponse = MessagesEditResponses[keyof MessagesEditResponses];

export type MessagesSelectData = {
    body?: never;
    path: {
        chat_id: number;
        message_id: number;
    };
    query?: never;
    url: '/api/chats/{chat_id}/messages/{message_id}/select';
};

export type MessagesSelectErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `chat.message_not_found`: This message does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type MessagesSelectError = MessagesSelectErrors[keyof MessagesSelectErrors];

export type MessagesSelectResponses = {
    /**
     * The chat and the newest messages of that branch
     */
    200: ChatWithMessages;
};

export type MessagesSelectResponse = MessagesSelectResponses[keyof MessagesSelectResponses];

export type MessagesRateData = {
    body: RateMessage;
    path: {
        chat_id: number;
        message_id: number;
    };
    query?: never;
    url: '/api/chats/{chat_id}/messages/{message_id}/rating';
};

export type MessagesRateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `chat.message_not_found`: This message does not exist.
     */
    404: Problem;
    /**
     * `message.being_written`: This message is still being written. Wait, or stop it.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type MessagesRateError = MessagesRateErrors[keyof MessagesRateErrors];

export type MessagesRateResponses = {
    /**
     * The answer with its rating
     */
    200: Message;
};

export type MessagesRateResponse = MessagesRateResponses[keyof MessagesRateResponses];

export type ChatsExportData = {
    body?: never;
    path: {
        id: number;
    };
    query?: {
        format?: 'markdown' | 'json';
    };
    url: '/api/chats/{id}/export';
};

export type ChatsExportErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `chat.too_long`: This chat is too long for that.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsExportError = ChatsExportErrors[keyof ChatsExportErrors];

export type ChatsExportResponses = {
    /**
     * The file; its name is in `Content-Disposition`
     */
    200: ChatFile;
};

export type ChatsExportResponse = ChatsExportResponses[keyof ChatsExportResponses];

export type ChatsImportData = {
    body: ChatFile;
    path?: never;
    query?: never;
    url: '/api/chats/import';
};

export type ChatsImportErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `chat.file_invalid`: This file is not a chat exported from Baton.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsImportError = ChatsImportErrors[keyof ChatsImportErrors];

export type ChatsImportResponses = {
    /**
     * The new chat
     */
    201: Chat;
};

export type ChatsImportResponse = ChatsImportResponses[keyof ChatsImportResponses];

export type RepliesGetData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/replies/{id}';
};

export type RepliesGetErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `reply.not_found`: This reply does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type RepliesGetError = RepliesGetErrors[keyof RepliesGetErrors];

export type RepliesGetResponses = {
    /**
     * The assistant message
     */
    200: Message;
};

export type RepliesGetResponse = RepliesGetResponses[keyof RepliesGetResponses];

export type RepliesEventsData = {
    body?: never;
    headers?: {
        /**
         * Go on behind this event; browsers send it by themselves when they reconnect
         */
        'Last-Event-ID'?: number;
    };
    path: {
        id: number;
    };
    query?: {
        /**
         * Same as the header Last-Event-ID, which wins
         */
        after?: number;
    };
    url: '/api/replies/{id}/events';
};

export type RepliesEventsErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `reply.not_found`: This reply does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type RepliesEventsError = RepliesEventsErrors[keyof RepliesEventsErrors];

export type RepliesEventsResponses = {
    /**
     * The events
     */
    200: ReplyEvent;
};

export type RepliesEventsResponse = RepliesEventsResponses[keyof RepliesEventsResponses];

export type RepliesCancelData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/replies/{id}/cancel';
};

export type RepliesCancelErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `reply.not_found`: This reply does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type RepliesCancelError = RepliesCancelErrors[keyof RepliesCancelErrors];

export type RepliesCancelResponses = {
    /**
     * The assistant message
     */
    200: Message;
};

export type RepliesCancelResponse = RepliesCancelResponses[keyof RepliesCancelResponses];

export type RepliesAnswerNowData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/replies/{id}/answer-now';
};

export type RepliesAnswerNowErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `reply.not_found`: This reply does not exist.
     */
    404: Problem;
    /**
     * `reply.not_waiting`: This answer does not wait for the GPU any more.
     *
     * `local.not_set_up`: The CPU engine is not set up here.
     *
     * `local.not_installed`: The CPU engine is not installed on this machine.
     *
     * `local.model_unreadable`: The model of the CPU engine is missing, or is no file that it can read.
     */
    409: Problem;
    /**
     * `model.no_vision`: This model cannot see pictures. Choose one that can.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type RepliesAnswerNowError = RepliesAnswerNowErrors[keyof RepliesAnswerNowErrors];

export type RepliesAnswerNowResponses = {
    /**
     * The assistant message
     */
    200: Message;
};

export type RepliesAnswerNowResponse = RepliesAnswerNowResponses[keyof RepliesAnswerNowResponses];

export type RepliesCancelAllData = {
    body: StopReplies;
    path?: never;
    query?: never;
    url: '/api/replies/cancel';
};

export type RepliesCancelAllErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type RepliesCancelAllError = RepliesCancelAllErrors[keyof RepliesCancelAllErrors];

export type RepliesCancelAllResponses = {
    /**
     * What was stopped
     */
    200: StopReceipt;
};

export type RepliesCancelAllResponse = RepliesCancelAllResponses[keyof RepliesCancelAllResponses];

export type ChatsCancelData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chats/{id}/cancel';
};

export type ChatsCancelErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatsCancelError = ChatsCancelErrors[keyof ChatsCancelErrors];

export type ChatsCancelResponses = {
    /**
     * What was stopped
     */
    200: StopReceipt;
};

export type ChatsCancelResponse = ChatsCancelResponses[keyof ChatsCancelResponses];

export type ChatAskData = {
    body: Ask;
    path?: never;
    query?: never;
    url: '/api/chat';
};

export type ChatAskErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `chat.busy`: This chat is still answering. Wait, or stop the answer.
     *
     * `search.not_set_up`: Web search is not set up: an administrator can add a key.
     *
     * `gpu.job_cancelled`: The request was stopped.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `gpu.user_limit`: You have as many requests waiting as one person may have. Wait for one to finish.
     *
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `search.failed`: The web search did not work. Try again, or ask without it.
     *
     * `engine.failed`: The model server reported an error.
     *
     * `reply.not_json`: The model did not answer in the wanted format.
     */
    502: Problem;
    /**
     * `model.none_installed`: No model is installed. An administrator can download one.
     *
     * `gpu.wait_too_long`: The GPU was busy for too long. Please try again.
     *
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `engine.out_of_memory`: The GPU has too little memory for this.
     *
     * `reply.interrupted`: The answer was interrupted. You can send it again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatAskError = ChatAskErrors[keyof ChatAskErrors];

export type ChatAskResponses = {
    /**
     * The answer; as a stream, everything that happens to it
     */
    200: AskAnswer;
};

export type ChatAskResponse = ChatAskResponses[keyof ChatAskResponses];

export type ChatSearchData = {
    body: SearchChat;
    path?: never;
    query?: never;
    url: '/api/chat/search';
};

export type ChatSearchErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `chat.busy`: This chat is still answering. Wait, or stop the answer.
     *
     * `search.not_set_up`: Web search is not set up: an administrator can add a key.
     *
     * `gpu.job_cancelled`: The request was stopped.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `gpu.user_limit`: You have as many requests waiting as one person may have. Wait for one to finish.
     *
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `search.failed`: The web search did not work. Try again, or ask without it.
     *
     * `engine.failed`: The model server reported an error.
     *
     * `reply.not_json`: The model did not answer in the wanted format.
     */
    502: Problem;
    /**
     * `model.none_installed`: No model is installed. An administrator can download one.
     *
     * `gpu.wait_too_long`: The GPU was busy for too long. Please try again.
     *
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `engine.out_of_memory`: The GPU has too little memory for this.
     *
     * `reply.interrupted`: The answer was interrupted. You can send it again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatSearchError = ChatSearchErrors[keyof ChatSearchErrors];

export type ChatSearchResponses = {
    /**
     * The answer with its sources; as a stream, everything that happens to it
     */
    200: AskAnswer;
};

export type ChatSearchResponse = ChatSearchResponses[keyof ChatSearchResponses];

export type ModelsListData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/chat/models';
};

export type ModelsListErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsListError = ModelsListErrors[keyof ModelsListErrors];

export type ModelsListResponses = {
    /**
     * The models
     */
    200: AskModels;
};

export type ModelsListResponse = ModelsListResponses[keyof ModelsListResponses];

export type ChatCancelData = {
    body: Cancel;
    path?: never;
    query?: never;
    url: '/api/chat/cancel';
};

export type ChatCancelErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatCancelError = ChatCancelErrors[keyof ChatCancelErrors];

export type ChatCancelResponses = {
    /**
     * What was stopped
     */
    200: StopReceipt;
};

export type ChatCancelResponse = ChatCancelResponses[keyof ChatCancelResponses];

export type ChatCancelTaskData = {
    body?: never;
    path: {
        task_id: number;
    };
    query?: never;
    url: '/api/chat/cancel/{task_id}';
};

export type ChatCancelTaskErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `reply.not_found`: This reply does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatCancelTaskError = ChatCancelTaskErrors[keyof ChatCancelTaskErrors];

export type ChatCancelTaskResponses = {
    /**
     * The reply as it ended
     */
    200: Message;
};

export type ChatCancelTaskResponse = ChatCancelTaskResponses[keyof ChatCancelTaskResponses];

export type ChatSessionCreateData = {
    body: NewSession;
    path?: never;
    query?: never;
    url: '/api/chat/session';
};

export type ChatSessionCreateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatSessionCreateError = ChatSessionCreateErrors[keyof ChatSessionCreateErrors];

export type ChatSessionCreateResponses = {
    /**
     * The new session
     */
    201: ChatSession;
};

export type ChatSessionCreateResponse = ChatSessionCreateResponses[keyof ChatSessionCreateResponses];

export type ChatSessionGetData = {
    body?: never;
    path: {
        session_id: number;
    };
    query?: never;
    url: '/api/chat/session/{session_id}';
};

export type ChatSessionGetErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ChatSessionGetError = ChatSessionGetErrors[keyof ChatSessionGetErrors];

export type ChatSessionGetResponses = {
    /**
     * The session
     */
    200: ChatSession;
};

export type ChatSessionGetResponse = ChatSessionGetResponses[keyof ChatSessionGetResponses];

export type DialoguesStartData = {
    body: MultiModel;
    path?: never;
    query?: never;
    url: '/api/chat/multi-model';
};

export type DialoguesStartErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type DialoguesStartError = DialoguesStartErrors[keyof DialoguesStartErrors];

export type DialoguesStartResponses = {
    /**
     * The conversation; as a stream, everything that happens in it
     */
    201: Dialogue;
};

export type DialoguesStartResponse = DialoguesStartResponses[keyof DialoguesStartResponses];

export type DialoguesGetData = {
    body?: never;
    path: {
        chat_id: number;
    };
    query?: never;
    url: '/api/chat/multi-model/{chat_id}';
};

export type DialoguesGetErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type DialoguesGetError = DialoguesGetErrors[keyof DialoguesGetErrors];

export type DialoguesGetResponses = {
    /**
     * The conversation
     */
    200: Dialogue;
};

export type DialoguesGetResponse = DialoguesGetResponses[keyof DialoguesGetResponses];

export type DialoguesEventsData = {
    body?: never;
    headers?: {
        /**
         * Go on behind this event; browsers send it by themselves when they reconnect
         */
        'Last-Event-ID'?: string;
    };
    path: {
        chat_id: number;
    };
    query?: never;
    url: '/api/chat/multi-model/{chat_id}/events';
};

export type DialoguesEventsErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     *
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type DialoguesEventsError = DialoguesEventsErrors[keyof DialoguesEventsErrors];

export type DialoguesEventsResponses = {
    /**
     * The events
     */
    200: DialogueEvent;
};

export type DialoguesEventsResponse = DialoguesEventsResponses[keyof DialoguesEventsResponses];

export type DialoguesStopData = {
    body?: never;
    path: {
        chat_id: number;
    };
    query?: never;
    url: '/api/chat/multi-model/{chat_id}/stop';
};

export type DialoguesStopErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type DialoguesStopError = DialoguesStopErrors[keyof DialoguesStopErrors];

export type DialoguesStopResponses = {
    /**
     * The conversation
     */
    200: Dialogue;
};

export type DialoguesStopResponse = DialoguesStopResponses[keyof DialoguesStopResponses];

export type DialoguesResumeData = {
    body?: never;
    path: {
        chat_id: number;
    };
    query?: never;
    url: '/api/chat/multi-model/{chat_id}/resume';
};

export type DialoguesResumeErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type DialoguesResumeError = DialoguesResumeErrors[keyof DialoguesResumeErrors];

export type DialoguesResumeResponses = {
    /**
     * The conversation
     */
    200: Dialogue;
};

export type DialoguesResumeResponse = DialoguesResumeResponses[keyof DialoguesResumeResponses];

export type BatchesListData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/chat/batch';
};

export type BatchesListErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type BatchesListError = BatchesListErrors[keyof BatchesListErrors];

export type BatchesListResponses = {
    /**
     * The batches
     */
    200: BatchList;
};

export type BatchesListResponse = BatchesListResponses[keyof BatchesListResponses];

export type BatchesCreateData = {
    body: NewBatch;
    path?: never;
    query?: never;
    url: '/api/chat/batch';
};

export type BatchesCreateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `batch.too_many`: You have as many open batches as one person may have.
     *
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `model.none_installed`: No model is installed. An administrator can download one.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type BatchesCreateError = BatchesCreateErrors[keyof BatchesCreateErrors];

export type BatchesCreateResponses = {
    /**
     * The batch
     */
    201: Batch;
};

export type BatchesCreateResponse = BatchesCreateResponses[keyof BatchesCreateResponses];

export type BatchesDeleteData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chat/batch/{id}';
};

export type BatchesDeleteErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `batch.not_found`: This batch does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type BatchesDeleteError = BatchesDeleteErrors[keyof BatchesDeleteErrors];

export type BatchesDeleteResponses = {
    /**
     * It is gone
     */
    200: {
        deleted: true;
    };
};

export type BatchesDeleteResponse = BatchesDeleteResponses[keyof BatchesDeleteResponses];

export type BatchesGetData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chat/batch/{id}';
};

export type BatchesGetErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `batch.not_found`: This batch does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type BatchesGetError = BatchesGetErrors[keyof BatchesGetErrors];

export type BatchesGetResponses = {
    /**
     * The batch
     */
    200: Batch;
};

export type BatchesGetResponse = BatchesGetResponses[keyof BatchesGetResponses];

export type BatchesResultsData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chat/batch/{id}/results';
};

export type BatchesResultsErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `batch.not_found`: This batch does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type BatchesResultsError = BatchesResultsErrors[keyof BatchesResultsErrors];

export type BatchesResultsResponses = {
    /**
     * The lines
     */
    200: BatchLine;
};

export type BatchesResultsResponse = BatchesResultsResponses[keyof BatchesResultsResponses];

export type BatchesCancelData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/chat/batch/{id}/cancel';
};

export type BatchesCancelErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `batch.not_found`: This batch does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type BatchesCancelError = BatchesCancelErrors[keyof BatchesCancelErrors];

export type BatchesCancelResponses = {
    /**
     * The batch
     */
    200: Batch;
};

export type BatchesCancelResponse = BatchesCancelResponses[keyof BatchesCancelResponses];

export type ModelsServersData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/models/servers';
};

export type ModelsServersErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsServersError = ModelsServersErrors[keyof ModelsServersErrors];

export type ModelsServersResponses = {
    /**
     * The GPU node’s first
     */
    200: ServerList;
};

export type ModelsServersResponse = ModelsServersResponses[keyof ModelsServersResponses];

export type ModelsServerData = {
    body?: never;
    path?: never;
    query?: {
        server_url?: string;
        server?: string;
    };
    url: '/api/models/server/models';
};

export type ModelsServerErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `server.unknown`: This model server is not configured.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsServerError = ModelsServerErrors[keyof ModelsServerErrors];

export type ModelsServerResponses = {
    /**
     * The server with its models
     */
    200: ModelServer;
};

export type ModelsServerResponse = ModelsServerResponses[keyof ModelsServerResponses];

export type ModelsTasksData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/models/tasks';
};

export type ModelsTasksErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsTasksError = ModelsTasksErrors[keyof ModelsTasksErrors];

export type ModelsTasksResponses = {
    /**
     * As it is now, with fallbacks
     */
    200: TaskModels;
};

export type ModelsTasksResponse = ModelsTasksResponses[keyof ModelsTasksResponses];

export type ModelsLoadData = {
    body?: never;
    path: {
        /**
         * The name of a model, URL-encoded
         */
        model_id: string;
    };
    query?: {
        server?: string;
    };
    url: '/api/models/{model_id}/load';
};

export type ModelsLoadErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `model.cannot_change`: The models of this server cannot be changed from here.
     */
    409: Problem;
    /**
     * `server.unknown`: This model server is not configured.
     *
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `engine.failed`: The model server reported an error.
     */
    502: Problem;
    /**
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `engine.stalled`: The model server went silent. You can send it again.
     *
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsLoadError = ModelsLoadErrors[keyof ModelsLoadErrors];

export type ModelsLoadResponses = {
    /**
     * What happens now
     */
    200: ModelAction;
};

export type ModelsLoadResponse = ModelsLoadResponses[keyof ModelsLoadResponses];

export type ModelsUnloadData = {
    body?: never;
    path: {
        /**
         * The name of a model, URL-encoded
         */
        model_id: string;
    };
    query?: {
        server?: string;
    };
    url: '/api/models/{model_id}/unload';
};

export type ModelsUnloadErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `model.cannot_change`: The models of this server cannot be changed from here.
     *
     * `model.in_use`: This model is in use. Try again when its answers are done.
     */
    409: Problem;
    /**
     * `server.unknown`: This model server is not configured.
     *
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `engine.failed`: The model server reported an error.
     */
    502: Problem;
    /**
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `engine.stalled`: The model server went silent. You can send it again.
     *
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsUnloadError = ModelsUnloadErrors[keyof ModelsUnloadErrors];

export type ModelsUnloadResponses = {
    /**
     * What happened
     */
    200: ModelAction;
};

export type ModelsUnloadResponse = ModelsUnloadResponses[keyof ModelsUnloadResponses];

export type ModelsUnloadFromGpuData = {
    body?: never;
    path: {
        /**
         * The name of a model, URL-encoded
         */
        model_id: string;
    };
    query?: {
        server?: string;
    };
    url: '/api/models/{model_id}/unload-from-gpu';
};

export type ModelsUnloadFromGpuErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `model.cannot_change`: The models of this server cannot be changed from here.
     *
     * `model.in_use`: This model is in use. Try again when its answers are done.
     */
    409: Problem;
    /**
     * `server.unknown`: This model server is not configured.
     *
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `engine.failed`: The model server reported an error.
     */
    502: Problem;
    /**
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `engine.stalled`: The model server went silent. You can send it again.
     *
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsUnloadFromGpuError = ModelsUnloadFromGpuErrors[keyof ModelsUnloadFromGpuErrors];

export type ModelsUnloadFromGpuResponses = {
    /**
     * What happened
     */
    200: ModelAction;
};

export type ModelsUnloadFromGpuResponse = ModelsUnloadFromGpuResponses[keyof ModelsUnloadFromGpuResponses];

export type ModelsDeleteData = {
    body?: never;
    path: {
        /**
         * The name of a model, URL-encoded
         */
        model_id: string;
    };
    query?: {
        server?: string;
    };
    url: '/api/models/{model_id}';
};

export type ModelsDeleteErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `model.cannot_change`: The models of this server cannot be changed from here.
     *
     * `model.in_use`: This model is in use. Try again when its answers are done.
     */
    409: Problem;
    /**
     * `server.unknown`: This model server is not configured.
     *
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `engine.failed`: The model server reported an error.
     */
    502: Problem;
    /**
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `engine.stalled`: The model server went silent. You can send it again.
     *
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsDeleteError = ModelsDeleteErrors[keyof ModelsDeleteErrors];

export type ModelsDeleteResponses = {
    /**
     * What happened
     */
    200: ModelAction;
};

export type ModelsDeleteResponse = ModelsDeleteResponses[keyof ModelsDeleteResponses];

export type ModelsPullData = {
    body: PullModel;
    path?: never;
    query?: never;
    url: '/api/models/pull';
};

export type ModelsPullErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `model.cannot_change`: The models of this server cannot be changed from here.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `server.unknown`: This model server is not configured.
     *
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsPullError = ModelsPullErrors[keyof ModelsPullErrors];

export type ModelsPullResponses = {
    /**
     * The download; as a stream, everything that happens to it
     */
    201: Pull;
};

export type ModelsPullResponse = ModelsPullResponses[keyof ModelsPullResponses];

export type ModelsPullsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/models/pulls';
};

export type ModelsPullsErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsPullsError = ModelsPullsErrors[keyof ModelsPullsErrors];

export type ModelsPullsResponses = {
    /**
     * The downloads
     */
    200: PullList;
};

export type ModelsPullsResponse = ModelsPullsResponses[keyof ModelsPullsResponses];

export type ModelsPullEventsData = {
    body?: never;
    headers?: {
        /**
         * Go on behind this event; browsers send it by themselves when they reconnect
         */
        'Last-Event-ID'?: number;
    };
    path: {
        id: string;
    };
    query?: {
        /**
         * Same as the header Last-Event-ID, which wins
         */
        after?: number;
    };
    url: '/api/models/pulls/{id}/events';
};

export type ModelsPullEventsErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `pull.not_found`: This download does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsPullEventsError = ModelsPullEventsErrors[keyof ModelsPullEventsErrors];

export type ModelsPullEventsResponses = {
    /**
     * The events
     */
    200: ReplyEvent;
};

export type ModelsPullEventsResponse = ModelsPullEventsResponses[keyof ModelsPullEventsResponses];

export type ModelsPullCancelData = {
    body?: never;
    path: {
        id: string;
    };
    query?: never;
    url: '/api/models/pulls/{id}/cancel';
};

export type ModelsPullCancelErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `pull.not_found`: This download does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ModelsPullCancelError = ModelsPullCancelErrors[keyof ModelsPullCancelErrors];

export type ModelsPullCancelResponses = {
    /**
     * The download; one that had ended stays as it is
     */
    200: Pull;
};

export type ModelsPullCancelResponse = ModelsPullCancelResponses[keyof ModelsPullCancelResponses];

export type ExperimentsListData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/experiments';
};

export type ExperimentsListErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ExperimentsListError = ExperimentsListErrors[keyof ExperimentsListErrors];

export type ExperimentsListResponses = {
    /**
     * Newest first
     */
    200: ExperimentList;
};

export type ExperimentsListResponse = ExperimentsListResponses[keyof ExperimentsListResponses];

export type ExperimentsCreateData = {
    body: NewExperiment;
    path?: never;
    query?: never;
    url: '/api/experiments';
};

export type ExperimentsCreateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `experiment.model_taken`: Another comparison of this model is running. End it first.
     */
    409: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `model.unknown`: This model is not installed. Choose one from the list.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ExperimentsCreateError = ExperimentsCreateErrors[keyof ExperimentsCreateErrors];

export type ExperimentsCreateResponses = {
    /**
     * The comparison, under way
     */
    201: Experiment;
};

export type ExperimentsCreateResponse = ExperimentsCreateResponses[keyof ExperimentsCreateResponses];

export type ExperimentsEndData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/experiments/{id}/end';
};

export type ExperimentsEndErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `experiment.not_found`: This comparison does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ExperimentsEndError = ExperimentsEndErrors[keyof ExperimentsEndErrors];

export type ExperimentsEndResponses = {
    /**
     * The comparison with its figures
     */
    200: Experiment;
};

export type ExperimentsEndResponse = ExperimentsEndResponses[keyof ExperimentsEndResponses];

export type ImagesUploadData = {
    body: {
        /**
         * PNG, JPEG, WebP, GIF or AVIF
         */
        file: Blob | File;
    };
    path?: never;
    query?: never;
    url: '/api/image/upload';
};

export type ImagesUploadErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `image.quota_reached`: Your storage for pictures is full. Delete some first.
     *
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `image.not_an_image`: This file is not a picture that can be read. Use PNG, JPEG, WebP, GIF or AVIF.
     *
     * `image.too_many_pixels`: This picture has too many pixels.
     */
    422: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesUploadError = ImagesUploadErrors[keyof ImagesUploadErrors];

export type ImagesUploadResponses = {
    /**
     * The stored picture
     */
    201: UploadedImage;
};

export type ImagesUploadResponse = ImagesUploadResponses[keyof ImagesUploadResponses];

export type ImagesGenerateData = {
    body: GenerateImage;
    path?: never;
    query?: never;
    url: '/api/image/generate';
};

export type ImagesGenerateErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `image.quota_reached`: Your storage for pictures is full. Delete some first.
     *
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `image.workflow_invalid`: The workflow of this installation does not fit its ComfyUI.
     *
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesGenerateError = ImagesGenerateErrors[keyof ImagesGenerateErrors];

export type ImagesGenerateResponses = {
    /**
     * Your message, and the one that will hold the image
     */
    201: SentMessage;
};

export type ImagesGenerateResponse = ImagesGenerateResponses[keyof ImagesGenerateResponses];

export type ImagesGenerateStreamData = {
    body: GenerateImage;
    path?: never;
    query?: never;
    url: '/api/image/generate/stream';
};

export type ImagesGenerateStreamErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `image.quota_reached`: Your storage for pictures is full. Delete some first.
     *
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `image.workflow_invalid`: The workflow of this installation does not fit its ComfyUI.
     *
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesGenerateStreamError = ImagesGenerateStreamErrors[keyof ImagesGenerateStreamErrors];

export type ImagesGenerateStreamResponses = {
    /**
     * Everything that happens to the image
     */
    201: SentReplyEvent;
};

export type ImagesGenerateStreamResponse = ImagesGenerateStreamResponses[keyof ImagesGenerateStreamResponses];

export type ImagesListData = {
    body?: never;
    path: {
        message_id: number;
    };
    query?: never;
    url: '/api/image/{message_id}';
};

export type ImagesListErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `image.not_found`: This image does not exist.
     *
     * `reply.not_found`: This reply does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesListError = ImagesListErrors[keyof ImagesListErrors];

export type ImagesListResponses = {
    /**
     * Empty while none is finished
     */
    200: ImageList;
};

export type ImagesListResponse = ImagesListResponses[keyof ImagesListResponses];

export type ImagesGalleryData = {
    body?: never;
    path?: never;
    query?: {
        q?: string;
        favourite?: 'true';
        origin?: 'generated' | 'uploaded';
        limit?: number;
        cursor?: string;
    };
    url: '/api/images';
};

export type ImagesGalleryErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesGalleryError = ImagesGalleryErrors[keyof ImagesGalleryErrors];

export type ImagesGalleryResponses = {
    /**
     * A page of pictures
     */
    200: Gallery;
};

export type ImagesGalleryResponse = ImagesGalleryResponses[keyof ImagesGalleryResponses];

export type ImagesDeleteData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/images/{id}';
};

export type ImagesDeleteErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesDeleteError = ImagesDeleteErrors[keyof ImagesDeleteErrors];

export type ImagesDeleteResponses = {
    /**
     * It is gone
     */
    204: void;
};

export type ImagesDeleteResponse = ImagesDeleteResponses[keyof ImagesDeleteResponses];

export type ImagesChangeData = {
    body: ChangeImage;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/images/{id}';
};

export type ImagesChangeErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesChangeError = ImagesChangeErrors[keyof ImagesChangeErrors];

export type ImagesChangeResponses = {
    /**
     * The picture as it is now
     */
    200: GalleryEntry;
};

export type ImagesChangeResponse = ImagesChangeResponses[keyof ImagesChangeResponses];

export type ImagesVaryData = {
    body: VaryImage;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/images/{id}/vary';
};

export type ImagesVaryErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `image.quota_reached`: Your storage for pictures is full. Delete some first.
     *
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `image.workflow_invalid`: The workflow of this installation does not fit its ComfyUI.
     *
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesVaryError = ImagesVaryErrors[keyof ImagesVaryErrors];

export type ImagesVaryResponses = {
    /**
     * Two new messages in the chat of the picture, or in a new one where it has none
     */
    201: SentMessage;
};

export type ImagesVaryResponse = ImagesVaryResponses[keyof ImagesVaryResponses];

export type ImagesUpscaleData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/images/{id}/upscale';
};

export type ImagesUpscaleErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `image.quota_reached`: Your storage for pictures is full. Delete some first.
     *
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `chat.not_found`: This chat does not exist.
     *
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `image.no_upscaler`: No workflow for larger pictures is configured here.
     */
    409: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `image.workflow_invalid`: The workflow of this installation does not fit its ComfyUI.
     *
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesUpscaleError = ImagesUpscaleErrors[keyof ImagesUpscaleErrors];

export type ImagesUpscaleResponses = {
    /**
     * Two new messages in the chat of the picture, or in a new one where it has none
     */
    201: SentMessage;
};

export type ImagesUpscaleResponse = ImagesUpscaleResponses[keyof ImagesUpscaleResponses];

export type ImagesLinkData = {
    body: NewImageLink;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/images/{id}/link';
};

export type ImagesLinkErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_large`: The request is too large.
     */
    413: Problem;
    /**
     * `request.unsupported_media_type`: Send the body as application/json.
     */
    415: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ImagesLinkError = ImagesLinkErrors[keyof ImagesLinkErrors];

export type ImagesLinkResponses = {
    /**
     * The address
     */
    201: ImageLink;
};

export type ImagesLinkResponse = ImagesLinkResponses[keyof ImagesLinkResponses];

export type ImagesOpenLinkData = {
    body?: never;
    path: {
        token: string;
    };
    query?: never;
    url: '/api/images/link/{token}';
};

export type ImagesOpenLinkErrors = {
    /**
     * `image.link_expired`: This address of a picture is no longer good.
     *
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * There is no such part
     */
    416: unknown;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
};

export type ImagesOpenLinkError = ImagesOpenLinkErrors[keyof ImagesOpenLinkErrors];

export type ImagesOpenLinkResponses = {
    /**
     * The picture
     */
    200: Blob | File;
    /**
     * The part that `Range` asked for
     */
    206: Blob | File;
};

export type ImagesOpenLinkResponse = ImagesOpenLinkResponses[keyof ImagesOpenLinkResponses];

export type ImagesFileData = {
    body?: never;
    path: {
        id: number;
    };
    query?: {
        /**
         * `true`: prompt, seed, settings and model are written into a PNG that was made here
         */
        metadata?: 'true' | 'false';
    };
    url: '/api/images/{id}/file';
};

export type ImagesFileErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * There is no such part
     */
    416: unknown;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
};

export type ImagesFileError = ImagesFileErrors[keyof ImagesFileErrors];

export type ImagesFileResponses = {
    /**
     * The file; it never changes, so ask again with `If-None-Match`
     */
    200: Blob | File;
    /**
     * The part that `Range` asked for
     */
    206: Blob | File;
};

export type ImagesFileResponse = ImagesFileResponses[keyof ImagesFileResponses];

export type ImagesThumbnailData = {
    body?: never;
    path: {
        id: number;
    };
    query?: never;
    url: '/api/images/{id}/thumbnail';
};

export type ImagesThumbnailErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
};

export type ImagesThumbnailError = ImagesThumbnailErrors[keyof ImagesThumbnailErrors];

export type ImagesThumbnailResponses = {
    /**
     * The thumbnail
     */
    200: Blob | File;
};

export type ImagesThumbnailResponse = ImagesThumbnailResponses[keyof ImagesThumbnailResponses];

export type ImagesPreviewData = {
    body?: never;
    path: {
        message_id: number;
    };
    query?: never;
    url: '/api/images/preview/{message_id}';
};

export type ImagesPreviewErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `image.not_found`: This image does not exist.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
};

export type ImagesPreviewError = ImagesPreviewErrors[keyof ImagesPreviewErrors];

export type ImagesPreviewResponses = {
    /**
     * The latest preview
     */
    200: Blob | File;
};

export type ImagesPreviewResponse = ImagesPreviewResponses[keyof ImagesPreviewResponses];

export type GpuStatusData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/gpu/status';
};

export type GpuStatusErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type GpuStatusError = GpuStatusErrors[keyof GpuStatusErrors];

export type GpuStatusResponses = {
    /**
     * The present state
     */
    200: GpuStatus;
};

export type GpuStatusResponse = GpuStatusResponses[keyof GpuStatusResponses];

export type GpuNodesData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/gpu/nodes';
};

export type GpuNodesErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type GpuNodesError = GpuNodesErrors[keyof GpuNodesErrors];

export type GpuNodesResponses = {
    /**
     * Their names
     */
    200: GpuNodes;
};

export type GpuNodesResponse = GpuNodesResponses[keyof GpuNodesResponses];

export type GpuQueueData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/gpu/queue';
};

export type GpuQueueErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type GpuQueueError = GpuQueueErrors[keyof GpuQueueErrors];

export type GpuQueueResponses = {
    /**
     * Running requests first, then by place
     */
    200: QueueView;
};

export type GpuQueueResponse = GpuQueueResponses[keyof GpuQueueResponses];

export type GpuHistoryData = {
    body?: never;
    path?: never;
    query?: {
        before?: string;
        limit?: number;
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/gpu/history';
};

export type GpuHistoryErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type GpuHistoryError = GpuHistoryErrors[keyof GpuHistoryErrors];

export type GpuHistoryResponses = {
    /**
     * A page of visits
     */
    200: GpuHistory;
};

export type GpuHistoryResponse = GpuHistoryResponses[keyof GpuHistoryResponses];

export type GpuEventsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/gpu/events';
};

export type GpuEventsErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
};

export type GpuEventsError = GpuEventsErrors[keyof GpuEventsErrors];

export type GpuEventsResponses = {
    /**
     * The events
     */
    200: GpuFeedEvent;
};

export type GpuEventsResponse = GpuEventsResponses[keyof GpuEventsResponses];

export type ProcessStatusData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/process/status';
};

export type ProcessStatusErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ProcessStatusError = ProcessStatusErrors[keyof ProcessStatusErrors];

export type ProcessStatusResponses = {
    /**
     * What runs on the GPU host
     */
    200: ProcessStatus;
};

export type ProcessStatusResponse = ProcessStatusResponses[keyof ProcessStatusResponses];

export type ProcessSwitchData = {
    body?: never;
    path?: never;
    query: {
        service: 'ollama' | 'comfyui';
        model?: string;
        force?: 'true' | 'false';
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/process/switch';
};

export type ProcessSwitchErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ProcessSwitchError = ProcessSwitchErrors[keyof ProcessSwitchErrors];

export type ProcessSwitchResponses = {
    /**
     * What happens now
     */
    202: GpuSwitch;
};

export type ProcessSwitchResponse = ProcessSwitchResponses[keyof ProcessSwitchResponses];

export type ProcessRestartData = {
    body?: never;
    path?: never;
    query: {
        service: 'ollama' | 'comfyui';
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/process/restart';
};

export type ProcessRestartErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `engine.not_ours`: This engine was running before Baton and is not Baton’s to stop. Restart it where you started it.
     */
    409: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ProcessRestartError = ProcessRestartErrors[keyof ProcessRestartErrors];

export type ProcessRestartResponses = {
    /**
     * It has begun; the status shows the rest
     */
    202: EngineRestart;
};

export type ProcessRestartResponse = ProcessRestartResponses[keyof ProcessRestartResponses];

export type ProcessCardHistoryData = {
    body?: never;
    path?: never;
    query?: {
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/process/card-history';
};

export type ProcessCardHistoryErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ProcessCardHistoryError = ProcessCardHistoryErrors[keyof ProcessCardHistoryErrors];

export type ProcessCardHistoryResponses = {
    /**
     * Samples at an even pace
     */
    200: CardHistory;
};

export type ProcessCardHistoryResponse = ProcessCardHistoryResponses[keyof ProcessCardHistoryResponses];

export type ProcessLogsData = {
    body?: never;
    path?: never;
    query: {
        service: 'ollama' | 'comfyui';
        lines?: number;
        /**
         * The GPU; without it the first one
         */
        node?: string;
    };
    url: '/api/process/logs';
};

export type ProcessLogsErrors = {
    /**
     * `request.invalid`: The request is not valid.
     */
    400: Problem;
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `engine.no_logs`: What this engine prints cannot be read from here. Look where it was started.
     */
    409: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `engine.unavailable`: The model server is not there. Your request can be sent again.
     *
     * `call.unreachable`: A part of Baton is starting or down. Please try again.
     */
    503: Problem;
    /**
     * `call.timeout`: A part of Baton did not answer in time. Please try again.
     */
    504: Problem;
};

export type ProcessLogsError = ProcessLogsErrors[keyof ProcessLogsErrors];

export type ProcessLogsResponses = {
    /**
     * The lines
     */
    200: EngineLogs;
};

export type ProcessLogsResponse = ProcessLogsResponses[keyof ProcessLogsResponses];

export type HealthLiveData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/health/live';
};

export type HealthLiveErrors = {
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
};

export type HealthLiveError = HealthLiveErrors[keyof HealthLiveErrors];

export type HealthLiveResponses = {
    /**
     * It does
     */
    200: Liveness;
};

export type HealthLiveResponse = HealthLiveResponses[keyof HealthLiveResponses];

export type HealthReadyData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/health/ready';
};

export type HealthReadyErrors = {
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * Something is missing
     */
    503: Readiness;
};

export type HealthReadyError = HealthReadyErrors[keyof HealthReadyErrors];

export type HealthReadyResponses = {
    /**
     * Everything is there
     */
    200: Readiness;
};

export type HealthReadyResponse = HealthReadyResponses[keyof HealthReadyResponses];

export type MetricsData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/metrics';
};

export type MetricsErrors = {
    /**
     * `request.not_found`: There is nothing here.
     */
    404: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
};

export type MetricsError = MetricsErrors[keyof MetricsErrors];

export type MetricsResponses = {
    /**
     * The metrics, as text
     */
    200: Blob | File;
};

export type MetricsResponse = MetricsResponses[keyof MetricsResponses];

export type OpsPassData = {
    body?: never;
    path?: never;
    query?: never;
    url: '/api/ops/pass';
};

export type OpsPassErrors = {
    /**
     * `auth.required`: Please log in.
     *
     * `auth.token_expired`: Your session has expired. Please log in again.
     */
    401: Problem;
    /**
     * `auth.foreign_origin`: Another site may not use this session.
     *
     * `auth.account_disabled`: This account is disabled.
     *
     * `auth.forbidden`: You are not allowed to do this.
     */
    403: Problem;
    /**
     * `request.too_many`: Too many requests. Please wait a moment.
     */
    429: Problem;
    /**
     * `internal`: Something went wrong on our side.
     */
    500: Problem;
    /**
     * `store.unavailable`: Storage is not available just now. Please try again.
     */
    503: Problem;
};

export type OpsPassError = OpsPassErrors[keyof OpsPassErrors];

export type OpsPassResponses = {
    /**
     * The cookie is set
     */
    204: void;
};

export type OpsPassResponse = OpsPassResponses[keyof OpsPassResponses];
