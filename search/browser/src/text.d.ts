// Tables are bundled as the text that they are.
declare module "*.txt" {
  const text: string;
  export default text;
}
