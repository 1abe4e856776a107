"""A bot on Messenger, Instagram and WhatsApp that neither burns its queue, loses a message, nor
answers twice: small enough to be copied.
"""
