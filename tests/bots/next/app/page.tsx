export default function Page() {
  return <p>This is a bot; write to it on Messenger.</p>;
}
