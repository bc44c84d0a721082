export async function openBroker() {
  return { address: '', close: async () => {} };
}
