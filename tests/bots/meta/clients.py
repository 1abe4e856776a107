"""A bot for each public client library of Meta's platforms, as their examples have it; one process.

It answers whatever somebody writes. When the platform refuses that, it says the code of the error
instead, as the library tells it.
"""

import os
import sys
from typing import Any

import facebook
import requests
from fbmessenger import BaseMessenger
from fbmq import Page
from flask import Flask, request
from heyoo import WhatsApp as Heyoo
from pymessenger.bot import Bot
from pywa import filters
from pywa.client import WhatsApp
from pywa.errors import WhatsAppError
from pywa.types.message import Message

app = Flask(__name__)
PORT = int(sys.argv[1])
PAGE_TOKEN = os.environ["PAGE_TOKEN"]
APP_SECRET = os.environ["APP_SECRET"]
VERIFY_TOKEN = os.environ["VERIFY_TOKEN"]


def verify() -> tuple[str, int]:
    """The handshake, which these libraries leave to the bot."""
    if request.args.get("hub.verify_token") != VERIFY_TOKEN:
        return "wrong token", 403
    return request.args["hub.challenge"], 200


def texts() -> list[tuple[str, str]]:
    """Who wrote what, for libraries that only send."""
    items = [item for entry in request.get_json()["entry"] for item in entry["messaging"]]
    return [
        (item["sender"]["id"], item["message"]["text"])
        for item in items
        if "message" in item and not item["message"].get("is_echo")
    ]


# -- Messenger


class Fbmessenger(BaseMessenger):  # type: ignore[misc]
    def message(self, message: dict[str, Any]) -> None:
        self.send_action("typing_on")
        answer = self.send({"text": f"fbmessenger: {message['message']['text']}"})
        if "error" in answer:
            self.send({"text": f"error {answer['error']['code']}"})


fbmessenger = Fbmessenger(PAGE_TOKEN, app_secret=APP_SECRET)
fbmq = Page(PAGE_TOKEN)
pymessenger = Bot(PAGE_TOKEN, app_secret=APP_SECRET)


@app.route("/fbmessenger", methods=["GET", "POST"])
def on_fbmessenger() -> tuple[str, int]:
    if request.method == "GET":
        return verify()
    fbmessenger.handle(request.get_json())
    return "", 200


@fbmq.handle_message  # type: ignore[untyped-decorator]
def on_message(event: Any) -> None:
    answer = fbmq.send(event.sender_id, f"fbmq: {event.text}")
    if answer.status_code != 200:
        fbmq.send(event.sender_id, f"error {answer.json()['error']['code']}")


@app.route("/fbmq", methods=["GET", "POST"])
def on_fbmq() -> tuple[str, int]:
    if request.method == "GET":
        return verify()
    fbmq.handle_webhook(request.get_data(as_text=True))
    return "", 200


@app.route("/pymessenger", methods=["GET", "POST"])
def on_pymessenger() -> tuple[str, int]:
    if request.method == "GET":
        return verify()
    for sender, text in texts():
        if text == "menu":
            button = {"type": "postback", "title": "Tea", "payload": "TEA"}
            pymessenger.send_button_message(sender, "What would you like?", [button])
            continue
        answer = pymessenger.send_text_message(sender, f"pymessenger: {text}")
        if "error" in answer:
            pymessenger.send_text_message(sender, f"error {answer['error']['code']}")
    return "", 200


# -- Instagram

instagram = facebook.GraphAPI(os.environ["INSTAGRAM_TOKEN"], version="3.1")


def send_instagram(to: str, text: str) -> None:
    body = {"recipient": f'{{"id":"{to}"}}', "message": f'{{"text":"{text}"}}'}
    instagram.put_object("me", "messages", **body)


@app.route("/instagram", methods=["GET", "POST"])
def on_instagram() -> tuple[str, int]:
    if request.method == "GET":
        return verify()
    for sender, text in texts():
        try:
            send_instagram(sender, f"facebook-sdk: {text}")
        except facebook.GraphAPIError as error:
            send_instagram(sender, f"error {error.code}")
    return "", 200


# -- WhatsApp

heyoo = Heyoo(os.environ["WHATSAPP_TOKEN"], phone_number_id=os.environ["PHONE_NUMBER_ID"])
pywa: Any = WhatsApp(
    phone_id=os.environ["PHONE_NUMBER_ID"],
    token=os.environ["WHATSAPP_TOKEN"],
    server=app,
    webhook_endpoint="/pywa",
    verify_token=VERIFY_TOKEN,
    app_id=os.environ["APP_ID"],
    app_secret=APP_SECRET,
    callback_url="https://bot.example",
    webhook_challenge_delay=1,
)


@app.route("/heyoo", methods=["GET", "POST"])
def on_heyoo() -> tuple[str, int]:
    if request.method == "GET":
        return verify()
    update = request.get_json()
    if not heyoo.is_message(update):
        return "", 200
    to = heyoo.get_mobile(update)
    if heyoo.get_message_type(update) == "image":
        image = heyoo.get_image(update)
        link = heyoo.query_media_url(image["id"])
        size = len(requests.get(link, headers=heyoo.headers, timeout=30).content)
        heyoo.send_message(f"{size} bytes of {image['mime_type']}", to)
        return "", 200
    heyoo.mark_as_read(heyoo.get_message_id(update))
    answer = heyoo.send_message(f"heyoo: {heyoo.get_message(update)}", to)
    if "error" in answer:
        heyoo.send_message(f"error {answer['error']['code']}", to)
    return "", 200


@pywa.on_message(filters.text)  # type: ignore[untyped-decorator]
def on_text(_: WhatsApp, message: Message) -> None:
    try:
        message.reply(f"pywa: {message.text}")
    except WhatsAppError as error:
        message.reply(f"error {error.code}")


@pywa.on_message(filters.image)  # type: ignore[untyped-decorator]
def on_image(_: WhatsApp, message: Message) -> None:
    assert message.image is not None
    size = len(message.image.get_bytes())
    message.reply(f"{size} bytes of {message.image.mime_type}")


app.run("127.0.0.1", PORT, threaded=True)
