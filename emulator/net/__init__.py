"""The only place with sockets: the network thread, listeners, and the delivery client."""

from emulator.net.client import Client
from emulator.net.connection import Arrival
from emulator.net.fault import Fault
from emulator.net.listener import Listener
from emulator.net.network import Network

__all__ = ["Arrival", "Client", "Fault", "Listener", "Network"]
