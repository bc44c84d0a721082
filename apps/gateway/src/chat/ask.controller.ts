import { Body, Controller, Get, Inject, Param, Post, Res } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import {
  askAnswer,
  askBody,
  askModels,
  cancelBody,
  listModels,
  message,
  readTaskModels,
  searchBody,
  stopReceipt,
  type AskBody,
  type AskModels,
  type CancelBody,
  type Message,
  type SearchBody,
  type StopReceipt,
} from '@baton/contracts';
import type { ErrorCode } from '@baton/kernel';
import { CallClient } from '@baton/platform';
import type { FastifyReply } from 'fastify';
import { Caller, type CurrentUser } from '../auth/current-user.ts';
import { ApiRoute, BODY_ERRORS, CALL_ERRORS } from '../docs/api-route.ts';
import { taskParams, type TaskParams } from '../params.ts';
import { ReplyStops } from '../replies/reply-stops.service.ts';
import { CHAT_SERVICE } from '../services.ts';
import { EventStreams } from '../sse/event-streams.service.ts';
import { AskedAnswers } from './asked-answers.service.ts';
import { withServers } from './ask-models.ts';

/** What an answer can fail with: with `stream` it is told by the event `end`. */
const ANSWER_ERRORS = [
  'chat.not_found',
  'chat.busy',
  'model.unknown',
  'model.none_installed',
  'search.not_set_up',
  'search.failed',
  'gpu.job_cancelled',
  'gpu.user_limit',
  'gpu.wait_too_long',
  'engine.unavailable',
  'engine.failed',
  'engine.out_of_memory',
  'reply.not_json',
  'reply.interrupted',
  ...CALL_ERRORS,
] as const satisfies readonly ErrorCode[];

const STREAMED =
  'With `stream` the answer is a stream of the reply’s events, opened by `sent`; its last event is `end`. Who leaves ' +
  'before the end takes the question back.';

@ApiTags('One-shot chat')
@Controller('api/chat')
export class AskController {
  private readonly chats: CallClient;
  private readonly answers: AskedAnswers;
  private readonly streams: EventStreams;
  private readonly stops: ReplyStops;

  constructor(
    @Inject(CHAT_SERVICE) chats: CallClient,
    @Inject(AskedAnswers) answers: AskedAnswers,
    @Inject(EventStreams) streams: EventStreams,
    @Inject(ReplyStops) stops: ReplyStops,
  ) {
    this.chats = chats;
    this.answers = answers;
    this.streams = streams;
    this.stops = stops;
  }

  @Post()
  @ApiRoute({
    id: 'chat_ask',
    summary: 'Ask one question, without a chat',
    description:
      'Answers when the whole answer is there. Without `model` the `task_type` chooses one (`general_chat` if there is ' +
      `none), and \`routing\` says which and why. \`pair\`: one model plans, another writes by the plan. ${STREAMED} ` +
      'With `pair` the plan comes first, in events `plan`. Also at `/api/chat/`, with the slash.',
    access: 'user',
    answers: [
      {
        status: 200,
        description: 'The answer; as a stream, everything that happens to it',
        media: { 'application/json': 'AskAnswer', 'text/event-stream': 'AskEvent' },
      },
    ],
    errors: [...BODY_ERRORS, ...ANSWER_ERRORS],
  })
  ask(
    @Caller() caller: CurrentUser,
    @Body({ schema: askBody }) body: AskBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    return this.answer(caller, body, reply);
  }

  @Post('search')
  @ApiRoute({
    id: 'chat_search',
    summary: 'Ask with a web search',
    description:
      'The model writes the query, unless `query` gives one. The answer cites the pages as `[n]`; they are listed in ' +
      `\`sources\`. With \`chat_id\` it is a message of that chat. ${STREAMED}`,
    access: 'user',
    answers: [
      {
        status: 200,
        description: 'The answer with its sources; as a stream, everything that happens to it',
        media: { 'application/json': 'AskAnswer', 'text/event-stream': 'AskEvent' },
      },
    ],
    errors: [...BODY_ERRORS, ...ANSWER_ERRORS],
  })
  search(
    @Caller() caller: CurrentUser,
    @Body({ schema: searchBody }) body: SearchBody,
    @Res() reply: FastifyReply,
  ): Promise<void> {
    const { message: text, chat_id: chatId, model, query, stream } = body;
    const asked = askBody.parse({
      message: text,
      model,
      stream,
      web_search: query === undefined ? true : { query },
      ...(chatId === undefined ? {} : { session_id: chatId }),
    });
    return this.answer(caller, asked, reply);
  }

  @Get('models')
  @ApiRoute({
    id: 'models_list',
    summary: 'The models that can answer',
    description:
      'With the servers that have them, and what answers each kind of work. Looking does not use the GPU. `simulated` ' +
      'says that no real engine stands behind them.',
    access: 'user',
    answers: [{ status: 200, description: 'The models', schema: askModels }],
    errors: ['engine.unavailable', ...CALL_ERRORS],
  })
  async models(): Promise<AskModels> {
    const [list, tasks] = await Promise.all([
      this.chats.call(listModels, {}),
      this.chats.call(readTaskModels, {}),
    ]);
    return withServers(list, tasks);
  }

  @Post('cancel')
  @ApiRoute({
    id: 'chat_cancel',
    summary: 'Stop everything that is being made for you, or for one chat or session',
    description: 'Answers when the replies have ended. What was written so far is kept.',
    access: 'user',
    answers: [{ status: 200, description: 'What was stopped', schema: stopReceipt }],
    errors: [...BODY_ERRORS, 'chat.not_found', ...CALL_ERRORS],
  })
  cancel(
    @Caller() caller: CurrentUser,
    @Body({ schema: cancelBody }) body: CancelBody,
  ): Promise<StopReceipt> {
    return this.stops.stopAll(caller.id, body.chat_id ?? body.session_id);
  }

  @Post('cancel/:task_id')
  @ApiRoute({
    id: 'chat_cancel_task',
    summary: 'Stop one answer',
    description: 'A task is a reply: `task_id` of an answer, or `reply.id` of the event `sent`.',
    access: 'user',
    answers: [{ status: 200, description: 'The reply as it ended', schema: message }],
    errors: ['request.invalid', 'reply.not_found', ...CALL_ERRORS],
  })
  cancelTask(
    @Caller() caller: CurrentUser,
    @Param({ schema: taskParams }) { task_id: taskId }: TaskParams,
  ): Promise<Message> {
    return this.stops.stop(caller.id, taskId);
  }

  private async answer(caller: CurrentUser, body: AskBody, reply: FastifyReply): Promise<void> {
    if (body.stream) {
      await this.streams.serve(caller.id, reply, (stream) => this.answers.stream(caller.id, body, stream));
      return;
    }
    const answer = askAnswer.parse(await this.answers.whole(caller.id, body, reply));
    await reply.status(200).send(answer);
  }
}
