import { Controller, Inject, Module } from '@nestjs/common';
import { AppError, type ErrorCode } from '@baton/kernel';
import {
  CHAT_LIMITS,
  ask,
  cancelBatch,
  createBatch,
  deleteBatch,
  getBatch,
  getDialogue,
  listBatches,
  readBatchLines,
  readDialogueTurn,
  resumeDialogue,
  startDialogue,
  stopDialogue,
  addImageMessages,
  answerNow,
  cancelChatImages,
  cancelImage,
  cancelReplies,
  cancelReply,
  createChat,
  deleteChat,
  finishImageMessage,
  changeImage,
  checkImages,
  deleteImage,
  generateImage,
  listGallery,
  upscaleImage,
  varyImage,
  getChat,
  rateMessage,
  selectMessage,
  deleteMessage,
  editMessage,
  importChat,
  exportChat,
  getImages,
  getReply,
  listChats,
  listModels,
  unloadModel,
  startPull,
  readTaskModels,
  readServerModels,
  loadModel,
  listServers,
  listPulls,
  listExperiments,
  endExperiment,
  deleteModel,
  createExperiment,
  cancelPull,
  readCardHistory,
  readEngineLogs,
  readGpuHistory,
  readGpuNodes,
  readGpuQueue,
  readGpuStatus,
  readNodeStatus,
  regenerateReply,
  restartEngine,
  sendMessage,
  switchGpu,
  updateChat,
  type CallContract,
} from '@baton/contracts';
import { HandleCall, PlatformModule, startService, type StartedService } from '@baton/platform';
import type { z } from 'zod';

const CONTRACTS: readonly CallContract[] = [
  ask,
  cancelBatch,
  createBatch,
  deleteBatch,
  getBatch,
  getDialogue,
  listBatches,
  readBatchLines,
  readDialogueTurn,
  resumeDialogue,
  startDialogue,
  stopDialogue,
  listChats,
  createChat,
  getChat,
  rateMessage,
  selectMessage,
  deleteMessage,
  editMessage,
  importChat,
  exportChat,
  updateChat,
  deleteChat,
  sendMessage,
  regenerateReply,
  getReply,
  cancelReplies,
  cancelReply,
  answerNow,
  listModels,
  unloadModel,
  startPull,
  readTaskModels,
  readServerModels,
  loadModel,
  listServers,
  listPulls,
  listExperiments,
  endExperiment,
  deleteModel,
  createExperiment,
  cancelPull,
  addImageMessages,
  finishImageMessage,
  changeImage,
  checkImages,
  deleteImage,
  generateImage,
  listGallery,
  upscaleImage,
  varyImage,
  cancelImage,
  cancelChatImages,
  getImages,
  readGpuStatus,
  readGpuQueue,
  readGpuHistory,
  readGpuNodes,
  switchGpu,
  restartEngine,
  readEngineLogs,
  readCardHistory,
  readNodeStatus,
];

/** Stands for chat-service, image-service and gpu-scheduler behind the real TCP edge: each test says what they answer. */
export class FakeServices {
  /** Everything that was asked, by call name, as the contract parsed it. */
  readonly asked: { readonly call: string; readonly request: unknown }[] = [];
  private readonly answers = new Map<string, (request: unknown) => unknown>();

  on<Request extends z.ZodType, Reply extends z.ZodType>(
    contract: CallContract<Request, Reply>,
    answer: (request: z.output<Request>) => z.input<Reply> | Promise<z.input<Reply>>,
  ): void {
    this.answers.set(contract.name, (request) => answer(request as z.output<Request>));
  }

  refuse(contract: CallContract, code: ErrorCode): void {
    this.answers.set(contract.name, () => {
      throw new AppError(code);
    });
  }

  reset(): void {
    this.answers.clear();
    this.asked.length = 0;
  }

  answer(call: string, request: unknown): unknown {
    this.asked.push({ call, request });
    const answer = this.answers.get(call);
    if (answer === undefined) throw new Error(`no answer was set for ${call}`);
    return answer(request);
  }
}

/** One process answers for all services; the gateway has a client for each and does not see the difference. */
export function startFakeServices(
  fake: FakeServices,
  internalSecret: string,
  redisUrl: string,
): Promise<StartedService> {
  @Controller()
  class FakeController {
    readonly fake: FakeServices;

    constructor(@Inject(FakeServices) services: FakeServices) {
      this.fake = services;
    }
  }
  for (const contract of CONTRACTS) {
    const method = contract.name.replaceAll('.', '_');
    Object.defineProperty(FakeController.prototype, method, {
      configurable: true,
      writable: true,
      value: async function answer(this: FakeController, request: unknown): Promise<unknown> {
        return this.fake.answer(contract.name, request);
      },
    });
    const descriptor = Object.getOwnPropertyDescriptor(FakeController.prototype, method);
    if (descriptor === undefined) throw new Error('unreachable');
    HandleCall(contract)(FakeController.prototype, method, descriptor);
    Object.defineProperty(FakeController.prototype, method, descriptor);
  }
  @Module({
    imports: [PlatformModule.forRoot({ service: 'fake', redisUrl, internalSecret, logLevel: 'fatal' })],
    controllers: [FakeController],
    providers: [{ provide: FakeServices, useValue: fake }],
  })
  class FakeModule {}

  return startService({
    service: 'fake-services',
    module: FakeModule,
    http: { host: '127.0.0.1', port: 0 },
    rpc: { host: '127.0.0.1', port: 0 },
    maxCallBytes: CHAT_LIMITS.fileBytes + 1_048_576,
    logLevel: 'fatal',
    internalSecret,
  });
}
