"""The two SLAP calls that an instance makes: read its own partition, publish."""
import ssl
import xml.etree.ElementTree as etree
from urllib.parse import urlencode
from urllib.request import urlopen


def marshal(text_dict):
    """A dictionary of texts as a marshalled document."""
    root = etree.Element('marshal')
    dictionary = etree.SubElement(root, 'dictionary', id='i2')
    for key in sorted(text_dict):
        for text in (key, text_dict[key]):
            etree.SubElement(dictionary, 'string').text = (
                text.replace('&', '&amp;').replace('<', '&lt;')
                .replace('>', '&gt;'))
    return etree.tostring(root).decode()


def unescape(text):
    return (text or '').replace('&lt;', '<').replace('&gt;', '>').replace(
        '&amp;', '&')


def unmarshal(document):
    """Values of a marshalled document; an object is read as its attributes."""

    def read(element):
        if element.tag in ('string', 'unicode'):
            return unescape(element.text)
        if element.tag in ('int', 'long'):
            return int(element.text)
        if element.tag == 'float':
            return float(element.text)
        if element.tag == 'bool':
            return element.text != '0'
        if element.tag in ('list', 'tuple'):
            return [read(child) for child in element]
        if element.tag == 'dictionary':
            values = [read(child) for child in element]
            return dict(zip(values[::2], values[1::2]))
        if element.tag == 'object':
            return read(element[1])
        return None

    return read(etree.fromstring(document)[0])


class Slap(object):

    def __init__(self, url, key_file='', cert_file=''):
        self.url = url.rstrip('/') + '/'
        self.context = None
        if url.startswith('https:'):
            self.context = ssl.create_default_context()
            if key_file and cert_file:
                self.context.load_cert_chain(cert_file, key_file)

    def call(self, path, data=None):
        with urlopen(self.url + path, data, timeout=30,
                     context=self.context) as response:
            return response.read()

    def partition_parameters(self, computer, partition):
        document = self.call('registerComputerPartition?' + urlencode({
            'computer_reference': computer,
            'computer_partition_reference': partition}))
        return unmarshal(document).get('_parameter_dict') or {}

    def publish(self, computer, partition, connection_dict):
        self.call('setComputerPartitionConnectionXml', urlencode({
            'computer_id': computer,
            'computer_partition_id': partition,
            'connection_xml': marshal(connection_dict),
            'slave_reference': 'None'}).encode())
